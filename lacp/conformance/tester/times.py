"""Seconds that cases count with, without slack: how exact a device is, how soon it answers."""

#: Allowed around each nominal time (6.4.4).
TOLERANCE = 0.25
#: An answer that is not held back by the transmit limit comes within this; it allows for devices
#: that send in slots of a third of a second.
PROMPT = 0.35
#: Any LACPDU that is due has left within this: the limit lets one go each second.
BOUND = 1.0 + TOLERANCE
#: Base condition B1: this long without a word from the partners.
SILENCE = 5.0
#: Base condition B2 is reached within this, whatever the device was doing before: a new Linux bond
#: takes 8 s to settle on an aggregator, and a device that was sending slowly may finish its 30 s
#: before it heeds a new Timeout bit.
CONVERGENCE = 15.0 + 31.0
