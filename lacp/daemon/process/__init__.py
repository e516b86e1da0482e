"""What lacpd has of every daemon: log, background, readiness."""
