"""The commands `lacpd` and `lacpctl`."""
