"""What is written of metrics: the page, alerts and dashboard know what is served, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lacp.daemon.metrics.exposition import TEXT, Itself, pieces
from lacp.picture.explain import diagnose
from lacp.picture.metrics.families import FAMILIES
from lacp.picture.model import LagView, PortView

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "metrics.md").read_text()
#: What Prometheus itself adds to each sample.
ADDED = {"instance", "job"}


def served() -> dict[str, tuple[str, frozenset[str]]]:
    """The kind and the labels of every metric that there can be."""
    found = {each.name: (str(each.kind), frozenset(each.labels)) for each in FAMILIES}
    for family in text_string_to_metric_families(
        b"".join(pieces([], Itself("1.0"), TEXT)).decode()
    ):
        for sample in family.samples:
            kind = "info" if sample.name.endswith("_info") else family.type
            found[sample.name] = (kind, frozenset(sample.labels))
    return found


SERVED = served()


# The page.


def rows() -> Iterator[tuple[str, str, frozenset[str], str]]:
    """Name, kind, labels and meaning of each row of the page's tables."""
    for line in PAGE.splitlines():
        if not (row := re.fullmatch(r"\| `(\w+)` \| (.+) \|", line)):
            continue
        cells = [cell.strip() for cell in row[2].split("|")]
        kind = cells[0] if len(cells) == 3 else "counter"
        labels = frozenset(re.findall(r"`(\w+)`", cells[-2]))
        yield row[1], kind, labels, cells[-1]


def test_every_metric_is_described_once() -> None:
    described = [(name, (kind, labels)) for name, kind, labels, _ in rows()]
    assert len(dict(described)) == len(described)
    assert dict(described) == SERVED


def test_the_page_says_what_is_served_with_it() -> None:
    meanings = {name: meaning for name, *_, meaning in rows()}
    for family in FAMILIES:
        assert meanings[family.name] == family.help


def test_what_the_page_asks_is_there() -> None:
    asked = re.findall(r"^\| .+\? \| `(.+)` \|$", PAGE, re.M)
    assert len(asked) > 5
    for query in asked:
        assert list(wrong(query.replace("\\|", "|"))) == []


def test_as_many_samples_as_the_page_says() -> None:
    said = int(re.findall(r"A port of LACP has some (\d+) samples", PAGE)[0])
    per_port = {"flag": 8, "machine": 1, "state": 5 + 6, "end": 2}
    counted = 0
    for _, labels in (SERVED[each.name] for each in FAMILIES if "port" in each.labels):
        many = 1
        for label in labels:
            many *= per_port.get(label, 1)
        counted += many
    # There may be no finding.
    assert abs(counted - 1 - said) <= 1


# PromQL, as far as that it names what there is.

_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "bool"}
_LISTS = r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)"


def wrong(query: str) -> Iterator[str]:
    """What is wrong with a query."""
    for opening, closing in ("()", "{}", "[]"):
        if query.count(opening) != query.count(closing):
            yield f"{opening}{closing} do not match"
    known: set[str] = set()
    for name, matchers in re.findall(r"\b([a-z_]\w*)(?:\{([^}]*)\})?(?!\w*\s*\()", _bare(query)):
        if name in _WORDS:
            continue
        if name not in SERVED and name != "up":
            yield f"no metric {name}"
            continue
        labels = ADDED | (SERVED[name][1] if name in SERVED else frozenset())
        known |= labels
        for label in re.findall(r"(\w+)\s*[=!]~?", re.sub(r'"[^"]*"', '""', matchers)):
            if label not in labels:
                yield f"{name} has no label {label}"
    for listed in re.findall(_LISTS, query):
        for label in re.findall(r"\w+", listed):
            if label not in known:
                yield f"nothing here has a label {label}"
    for kind, name in re.findall(r"\b(rate|increase|changes)\(([a-z_]\w*)", query):
        if (SERVED[name][0] == "counter") is (kind == "changes"):
            yield f"{kind} of {name}, which is a {SERVED[name][0]}"


def _bare(query: str) -> str:
    """The query without lists of labels and ranges of time."""
    return re.sub(r"\[[^\]]*\]", "", re.sub(_LISTS, " ", query))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lacp_lag_up == 0", None),
        ("up{job='x'} == 0", None),
        ("lacp_lag_down == 0", "no metric lacp_lag_down"),
        ('lacp_lag_up{port="x"}', "lacp_lag_up has no label port"),
        ("sum by (flag) (lacp_lag_up)", "nothing here has a label flag"),
        ("(lacp_lag_up", "() do not match"),
        ("rate(lacp_lag_up[5m])", "rate of lacp_lag_up, which is a gauge"),
    ],
)
def test_queries_are_read(query: str, said: str | None) -> None:
    assert list(wrong(query)) == ([] if said is None else [said])


# The alerts.


def rules() -> list[dict[str, str]]:
    """The rules of the file; it has one scalar a line, so that no parser of YAML is needed."""
    found: list[dict[str, str]] = []
    lines = (DOCS / "lacp-alerts.yml").read_text().splitlines()
    assert [line for line in lines if not re.match(r"\s*(#|$)", line)][:3] == [
        "groups:",
        "  - name: lacp",
        "    rules:",
    ]
    for line in lines[lines.index("    rules:") + 1 :]:
        if re.match(r"\s*(#|$)", line):
            continue
        entry = re.fullmatch(r"(      - | {8}| {10})(\w+):(?: (.+))?", line)
        assert entry is not None, line
        indent, name, value = entry.groups()
        if indent.endswith("- "):
            found.append({})
        value = value or ""
        # A plain scalar with one of these would be something else than it seems.
        assert value.startswith('"') or (": " not in value and " #" not in value), line
        assert name not in found[-1]
        found[-1][name] = json.loads(value) if value.startswith('"') else value
    return found


RULES = rules()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_alerts(rule: dict[str, str]) -> None:
    assert list(wrong(rule["expr"])) == []
    assert rule.keys() >= {"alert", "expr", "labels", "severity", "annotations", "summary"}
    assert rule["severity"] in ("critical", "warning", "info")
    assert re.fullmatch(r"\d+m", rule.get("for", "0m"))
    there = ADDED.union(*(SERVED[name][1] for name in names(rule["expr"])))
    for text in (rule["summary"], rule.get("description", "")):
        for label in re.findall(r"\$labels\.(\w+)", text):
            assert label in there
        assert set(re.findall(r"\{\{ (\$?\w+)", text)) <= {"$labels", "$value"}


def names(query: str) -> list[str]:
    return [name for name in re.findall(r"\w+", query) if name in SERVED]


def test_alerts_have_different_names() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES) > 10


# The dashboard.

DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana-lacp.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels(panel: dict[str, Any]) -> None:
    assert panel["type"] in ("stat", "state-timeline", "timeseries", "table")
    assert panel["description"].endswith(".")
    assert panel["datasource"] == SOURCE
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references) > 0
    for target in panel["targets"]:
        assert target["datasource"] == SOURCE
        query = re.sub(r"\$\w+", "5m", target["expr"]).replace("vector(0)", "0")
        assert list(wrong(query)) == []
        there = ADDED.union(*(SERVED[name][1] for name in names(query)))
        assert set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))) <= there
        for change in panel.get("transformations", ()):
            columns = {"Time", "Value", "__name__"} | there
            assert set(change["options"]["excludeByName"]) <= columns
            # Every column has its place, or is left out.
            assert set(change["options"]["indexByName"]) == columns - set(
                change["options"]["excludeByName"]
            )


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["id"] is None
    assert DASHBOARD["schemaVersion"] >= 39
    assert re.fullmatch(r"[\w-]{1,40}", DASHBOARD["uid"])
    assert DASHBOARD["title"]
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS)))
    assert used - {"__rate_interval"} == variables.keys()
    for variable in variables.values():
        if variable["type"] == "query":
            name, label = re.findall(r"label_values\((\w+).*, (\w+)\)", variable["definition"])[0]
            assert label in SERVED[name][1] | ADDED
            assert variable["query"]["query"] == variable["definition"]


def test_panels_stand_beside_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
        assert one["x"] + one["w"] <= 24


def test_the_dashboard_shows_what_matters() -> None:
    shown = {name for panel in PANELS for each in panel["targets"] for name in names(each["expr"])}
    assert shown >= {
        "lacp_lag_up",
        "lacp_lag_active_ports",
        "lacp_lag_min_ports",
        "lacp_port_distributing",
        "lacp_port_lacpdus_received_total",
        "lacp_port_last_lacpdu_age_seconds",
        "lacp_finding",
        "lacp_port_link_downs_total",
        "lacp_port_partner_info",
    }


def test_codes_and_gravities_are_words_of_lists() -> None:
    lag = LagView(name="team0", source="lacpd", ports=(PortView(name="eth1", missing="gone"),))
    findings = diagnose(lag)
    assert findings
    for each in findings:
        assert re.fullmatch(r"[a-z_]+", each.code)
        assert f"`{each.gravity}`" in PAGE
