"""lacpd: drives the runners of many teams over one backend, and answers questions about them."""
