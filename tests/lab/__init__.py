"""The lab: real hosts, a real network and a stand-in cloud on one machine.  See README.md."""
