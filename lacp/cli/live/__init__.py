"""The live table of `lacpctl watch`."""
