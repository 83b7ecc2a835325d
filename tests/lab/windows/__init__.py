"""The lab's Windows hosts: Wine prefixes with a real PowerShell, each in namespaces of its own."""
