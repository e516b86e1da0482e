"""A team in user space: a TAP device above, packet sockets on the ports below, a process between.

`plane` decides and asks the kernel; `worker` moves frames, in a process of its own, so that user
traffic never waits for LACP and LACP never for user traffic. Sockets are opened here and handed
over, so that whatever the kernel refuses is refused to the caller.
"""
