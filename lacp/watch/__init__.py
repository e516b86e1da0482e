"""Link watchers: whether a port can be used. Sans-IO: no sockets, no clock."""
