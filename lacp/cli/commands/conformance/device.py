"""What the arguments of `run` say of the device: options, a profile, or both."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lacp.cli.command import Failure
from lacp.cli.common import BAD_USAGE
from lacp.config.words import EDITIONS
from lacp.errors import ConfigError

if TYPE_CHECKING:
    from lacp.conformance.tester.profile import Profile


def arguments(parser: ArgumentParser) -> None:
    """Declare what says something of the device."""
    parser.add_argument(
        "--profile",
        metavar="NAME|FILE",
        help="what is known of the device: lacpd, linux-bonding, openvswitch, teamd, or a file;"
        " without it nothing is, and both controls are right",
    )
    parser.add_argument("--edition", choices=EDITIONS, help="overrides the profile's")
    parser.add_argument(
        "--control", choices=("independent", "coupled", "auto"), help="overrides the profile's"
    )
    parser.add_argument("--timeout", choices=("short", "long"), help="overrides the profile's")
    parser.add_argument(
        "--passive", action="store_true", help="the device is passive, whatever its profile says"
    )


def on_a_wire(args: Namespace) -> Profile:
    """The profile of the device at the far end. Raises Failure when it cannot be read."""
    from lacp.conformance.tester.device import Device, Need
    from lacp.conformance.tester.profile import Profile
    from lacp.conformance.tester.profile_reader import find

    if args.profile is None:
        profile = Profile(
            name="unknown",
            description="a device without a profile",
            device=Device(control=None),
            offers=frozenset({Need.LINK}),
        )
    else:
        try:
            profile = find(args.profile)
        except ConfigError as error:
            raise Failure(str(error), BAD_USAGE) from None
    # Of all that a bench can do, a wire does but one thing.
    offers = profile.offers & {Need.LINK} if not args.no_link_control else frozenset()
    return replace(
        profile, device=replace(profile.device, **_features(args)), offers=frozenset(offers)
    )


def engine(args: Namespace) -> Profile:
    """The profile of our own engine. Raises Failure for what only a wire has."""
    from lacp.conformance.tester.device import Device
    from lacp.conformance.tester.profile import Profile
    from lacp.protocol.variables import Control

    for option in ("profile", "no_link_control"):
        if getattr(args, option):
            said = option.replace("_", "-")
            raise Failure(f"--{said} is for a device on a cable, not for --engine", BAD_USAGE)
    if args.control == "auto":
        raise Failure(
            "--control auto is for a device on a cable, expected independent or coupled with"
            " --engine",
            BAD_USAGE,
        )
    features = {"control": Control.INDEPENDENT, **_features(args)}
    return Profile(
        name="engine",
        description="the engine of this package",
        device=Device(**features),
        slack=0.0,
    )


def _features(args: Namespace) -> dict[str, Any]:
    """Values of `Device` that the arguments set."""
    from lacp.protocol.variables import Control

    features: dict[str, Any] = {}
    if args.edition is not None:
        features["edition"] = args.edition
    if args.control is not None:
        features["control"] = None if args.control == "auto" else Control(args.control)
    if args.timeout is not None:
        features["short_timeout"] = args.timeout == "short"
    if args.passive:
        features["activity"] = False
    return features
