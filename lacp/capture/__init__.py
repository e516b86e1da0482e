"""Capture files: octets of pcap and pcapng, from anywhere, to frames and back."""
