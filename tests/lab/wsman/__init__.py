"""A WS-Management server (WinRM) in front of one Windows host of the lab."""
