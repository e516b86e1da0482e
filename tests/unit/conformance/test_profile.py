"""Profiles: what is read from a file, and what is said of one that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lacp.address import SLOW_PROTOCOLS_MULTICAST, Mac
from lacp.conformance.tester import profile_reader
from lacp.conformance.tester.device import Device, Need
from lacp.conformance.tester.profile import WIRE_SLACK
from lacp.errors import ConfigError
from lacp.protocol.variables import Control

WHOLE = """
name = "switch"
description = "a switch"
offers = ["link", "management"]
destination = "01:80:c2:00:00:03"
transmit_limit = 5
slack = 0.2

[device]
edition = "2020"
control = "coupled"
activity = false
short_timeout = true
aggregation = false
version = 2
max_links = 8
lags = 2
wait_to_restore = 10
revertive = false
fallback = true

[waivers]
RXM-21 = "does not ask who maintains the link"
"""


def test_a_whole_profile() -> None:
    it = profile_reader.parse(WHOLE, "switch.toml")
    assert (it.name, it.description, it.slack, it.limit) == ("switch", "a switch", 0.2, 5)
    assert it.destination == Mac.parse("01:80:c2:00:00:03")
    assert it.offers == {Need.LINK, Need.MANAGEMENT}
    assert it.device == Device(
        edition="2020",
        control=Control.COUPLED,
        activity=False,
        short_timeout=True,
        aggregation=False,
        version=2,
        max_links=8,
        lags=2,
        wait_to_restore=10,
        revertive=False,
        fallback=True,
    )
    assert dict(it.waivers) == {"RXM-21": "does not ask who maintains the link"}


def test_a_name_is_enough() -> None:
    it = profile_reader.parse('{"name": "x"}', "x.json")
    assert it.device == Device()
    assert it.device.control is None
    assert it.destination == SLOW_PROTOCOLS_MULTICAST
    assert it.slack == WIRE_SLACK
    assert (it.limit, it.offers, it.waivers) == (3, frozenset(), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "name is nothing, expected the name of the profile"),
        ("name = 3", "name is 3, expected a text"),
        ('name = "x"\ncolour = 1', "colour is not known, expected one of description, destination"),
        ('name = "x"\nslack = -1', "slack is -1, expected seconds from 0 to 10"),
        ('name = "x"\nslack = true', "slack is True, expected seconds"),
        ('name = "x"\ntransmit_limit = 2.5', "transmit_limit is 2.5, expected a whole number"),
        ('name = "x"\ndestination = "me"', "destination is 'me', expected a MAC address"),
        ('name = "x"\ndestination = 3', "destination is 3, expected a MAC address"),
        ('name = "x"\noffers = "link"', "offers is 'link', expected a list of link,"),
        ('name = "x"\noffers = ["link", "tea"]', "offers[1] is 'tea', expected one of link,"),
        ('name = "x"\ndevice = 1', "device is 1, expected a table"),
        (
            'name = "x"\n[device]\ncolour = 1',
            "device.colour is not known, expected one of activity",
        ),
        ('name = "x"\n[device]\nedition = 2014', "device.edition is 2014, expected one of 2008,"),
        (
            'name = "x"\n[device]\ncontrol = "both"',
            "device.control is 'both', expected independent",
        ),
        ('name = "x"\n[device]\nactivity = 1', "device.activity is 1, expected true or false"),
        ('name = "x"\n[device]\nversion = 3', "device.version is 3, expected 1 or 2"),
        ('name = "x"\n[waivers]\nRXM-01 = ""', "waivers.RXM-01 is '', expected a sentence"),
        (
            'name = "x"\n[waivers]\nRXM-99 = "late"',
            "waivers.RXM-99 is of no case, expected an id of the catalogue",
        ),
        ("name", "x.toml: "),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        profile_reader.parse(text, "x.toml")
    assert str(caught.value).startswith("x.toml: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_document_that_is_no_table() -> None:
    with pytest.raises(ConfigError, match="the document is \\[\\], expected a table"):
        profile_reader.parse("[]", "x.json")
    with pytest.raises(ConfigError, match=r"x\.json: Expecting value"):
        profile_reader.parse("", "x.json")


def test_files_and_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"name": "mine"}))
    assert profile_reader.find(str(file)).name == "mine"
    assert profile_reader.find("lacpd").name == "lacpd"
    with pytest.raises(ConfigError, match="no profile 'cisco', there are lacpd,"):
        profile_reader.find("cisco")
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot be read"):
        profile_reader.load(tmp_path / "gone.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"binary\.toml: cannot be read"):
        profile_reader.load(tmp_path / "binary.toml")


@pytest.mark.parametrize("name", profile_reader.shipped())
def test_what_is_shipped(name: str) -> None:
    it = profile_reader.find(name)
    assert it.name == name
    assert it.description
    if name == "lacpd":
        assert it.waivers == {}


def test_who_fits() -> None:
    it = profile_reader.parse('name = "x"\noffers = ["link"]', "x.toml")
    assert it.lacks(frozenset(), {}) == ""
    assert it.lacks(frozenset({Need.LINK}), {"short_timeout": False}) == ""
    assert it.lacks(frozenset({Need.LINK, Need.MANAGEMENT, Need.DEAF}), {}) == (
        "needs deaf, management, which this bench does not offer"
    )
    assert it.lacks(frozenset(), {"short_timeout": True}) == (
        "needs a device with short_timeout on, this one has off"
    )
    assert it.lacks(frozenset(), {"max_links": 2}) == (
        "needs a device with max_links 2, this one has unlimited"
    )
    # 1 and 0 are numbers here, not on and off.
    assert it.lacks(frozenset(), {"version": 2}) == (
        "needs a device with version 2, this one has 1"
    )
    assert it.lacks(frozenset(), {"control": Control.COUPLED}) == ""
