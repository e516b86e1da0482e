"""teamd.conf, read strictly into frozen values."""
