"""All rules, in the order of causes: what stands first is nearer to the cause.

Of a group only the first rule that applies is told, for the others would tell consequences of it;
a group that is `last` ends the search when it has told something.
"""

from __future__ import annotations

from collections.abc import Callable

from lacp.picture.explain import frames, kernel, limits, link, partner, selection, silence
from lacp.picture.explain import without_lacp as plain
from lacp.picture.explain.seen import Seen
from lacp.picture.findings import Finding
from lacp.picture.model import PortView

PortRule = Callable[[PortView, Seen], Finding | None]
LagRule = Callable[[Seen], Finding | None]
#: Rules of which one is told at most, and whether what comes behind would be its consequence.
Group = tuple[tuple[PortRule, ...], bool]

#: Of the LAG: all that apply are told.
OF_LAG: tuple[LagRule, ...] = (
    limits.device_down,
    limits.no_ports,
    kernel.no_daemon,
    limits.lag_looped,
    limits.below_min_ports,
    limits.no_carrier,
    kernel.needs_lacp,
    limits.partnerless,
    limits.port_numbers_shared,
    kernel.no_switch,
    kernel.miimon_off,
    limits.no_backup,
    silence.timeouts_differ,
)

_INTERFACE: Group = (
    (link.interface_missing, link.port_admin_down, link.link_down),
    True,
)

#: Why a port that speaks LACP carries no traffic, or will not for long.
WITH_LACP: tuple[Group, ...] = (
    _INTERFACE,
    ((link.half_duplex, link.duplex_unknown), True),
    ((link.frames_refused,), False),
    ((link.leaving,), True),
    ((plain.monitor_waits, plain.watcher_down, plain.monitor_down), True),
    ((silence.fallback_used,), False),
    (
        (
            silence.nobody_speaks,
            silence.never_heard,
            silence.no_partner_recorded,
            silence.partner_silent,
            silence.partner_lost,
        ),
        True,
    ),
    ((selection.held,), True),
    ((partner.hears_itself, partner.loop), True),
    ((partner.duplicate_partner_port,), True),
    (
        (
            selection.speeds_part,
            selection.key_differs,
            selection.other_partner,
            selection.partner_priority_differs,
            selection.partner_key_differs,
        ),
        True,
    ),
    (
        (
            partner.partner_individual,
            partner.passive_both,
            partner.not_echoed,
            partner.partner_defaulted,
            partner.partner_expired,
        ),
        True,
    ),
    (
        (
            selection.individual_link,
            selection.standby_for_min_ports,
            selection.standby,
            selection.other_aggregator,
            selection.waiting,
            selection.restoring,
            selection.not_selected,
        ),
        True,
    ),
    (
        (
            partner.partner_not_in_sync,
            partner.partner_not_collecting,
            partner.partner_not_distributing,
            selection.bonding_settles,
        ),
        True,
    ),
    ((frames.churn, frames.unexplained), True),
)

#: Why a port without LACP carries no traffic.
WITHOUT_LACP: tuple[Group, ...] = (
    _INTERFACE,
    ((link.half_duplex,), False),
    ((plain.monitor_waits, plain.arp_silent, plain.watcher_down, plain.monitor_down), True),
    ((plain.nothing_known, plain.carries_nothing), True),
)

#: What is odd about a port beside that, whether or not it carries traffic: all that apply.
ODDITIES: tuple[PortRule, ...] = (
    link.speed_differs,
    link.speed_unknown,
    link.mtu_lower,
    silence.lacpdus_late,
    plain.lacp_unanswered,
    frames.flooded,
    frames.frames_useless,
    link.flapping,
    frames.illegal_pdus,
    frames.unknown_pdus,
    frames.markers_limited,
)
