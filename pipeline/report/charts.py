"""Charts of the report as Plotly figures. Every chart shows its n; intervals are drawn.

Colours are Okabe and Ito's palette (2008), told apart by colour-blind readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from pipeline.report.names import SIGNAL_NAMES, TOPIC_NAMES, named

SILENT = "#0072B2"
COMPLAINT = "#D55E00"
MUTED = "#9AA0A6"

_FONT = "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif"

Row = Mapping[str, Any]


def _figure(*traces: go.Figure, height: int, **layout: Any) -> go.Figure:
    figure = go.Figure(data=list(traces))
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        font={"family": _FONT, "size": 13},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.12, "x": 0},
        **layout,
    )
    figure.update_xaxes(automargin=True, gridcolor="#E8EAED", zerolinecolor="#C4C7CC")
    figure.update_yaxes(automargin=True, gridcolor="#E8EAED", zerolinecolor="#C4C7CC")
    return figure


def topics(rows: Sequence[Row]) -> go.Figure:
    """Draw silent and complaining shares per topic, with intervals; one row a topic."""
    labels = [f"{named(TOPIC_NAMES, row['topic'])}<br>n={row['documents']:,}" for row in rows]
    traces = []
    for name, key, colour in (
        ("沉默不满", "silent", SILENT),
        ("投诉", "complaint", COMPLAINT),
    ):
        shares = [row[f"{key}_share"] for row in rows]
        traces.append(
            go.Bar(
                name=name,
                x=labels,
                y=shares,
                marker_color=colour,
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [_above(row, key) for row in rows],
                    "arrayminus": [_below(row, key) for row in rows],
                    "color": "#3C4043",
                    "thickness": 1.2,
                },
                hovertemplate="%{y:.1%}<extra>" + name + "</extra>",
            )
        )
    figure = _figure(*traces, height=340, barmode="group")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return figure


def trend(rows: Sequence[Row]) -> go.Figure:
    """Draw the silent and complaining shares over time with their intervals as bands."""
    periods = [row["period_start"] for row in rows]
    traces = []
    for name, key, colour, fill in (
        ("沉默不满", "silent", SILENT, "rgba(0,114,178,0.15)"),
        ("投诉", "complaint", COMPLAINT, "rgba(213,94,0,0.15)"),
    ):
        traces.append(
            go.Scatter(
                x=periods + periods[::-1],
                y=[row[f"{key}_high"] for row in rows] + [row[f"{key}_low"] for row in rows[::-1]],
                fill="toself",
                fillcolor=fill,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
        traces.append(
            go.Scatter(
                name=name,
                x=periods,
                y=[row[f"{key}_share"] for row in rows],
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                customdata=[row["documents"] for row in rows],
                hovertemplate="%{x} · %{y:.1%} · n=%{customdata}<extra>" + name + "</extra>",
            )
        )
    figure = _figure(*traces, height=320)
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(
        type="category",
        ticktext=[f"{r['period_start'][5:]}<br>n={r['documents']}" for r in rows],
        tickvals=periods,
    )
    return figure


def members(rows: Sequence[Row], order: Sequence[str], topic_order: Sequence[str]) -> go.Figure:
    """Draw the silent share per member and topic as a heat map; cells below min_n stay grey."""
    by_cell = {(row["member"], row["topic"]): row for row in rows}
    values, texts = [], []
    for member in order:
        line, words = [], []
        for topic in topic_order:
            row = by_cell.get((member, topic))
            share = row["silent_share"] if row else None
            line.append(share)
            if row is None:
                words.append("")
            elif share is None:
                words.append(f"不足<br>n={row['documents']}")
            else:
                words.append(f"{share:.0%}<br>{row['silent']}/{row['documents']}")
        values.append(line)
        texts.append(words)
    trace = go.Heatmap(
        z=values,
        x=[named(TOPIC_NAMES, topic) for topic in topic_order],
        y=list(order),
        text=texts,
        texttemplate="%{text}",
        colorscale=[[0, "#F1F6FA"], [1, SILENT]],
        zmin=0,
        showscale=False,
        xgap=3,
        ygap=3,
        hoverinfo="skip",
    )
    figure = _figure(trace, height=120 + 52 * max(1, len(order)))
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    figure.update_xaxes(side="top", showgrid=False)
    figure.update_layout(plot_bgcolor="#ECEFF1")
    return figure


def signals(rows: Sequence[Row]) -> go.Figure:
    """Draw how many silent and complaining documents show each signal, most frequent on top."""
    rows = list(reversed(rows))
    labels = [named(SIGNAL_NAMES, row["signal"]) for row in rows]
    silent = go.Bar(
        name="沉默不满",
        y=labels,
        x=[row["silent"] for row in rows],
        orientation="h",
        marker_color=SILENT,
        text=[row["silent"] for row in rows],
        hovertemplate="%{x}<extra>沉默不满</extra>",
    )
    other = go.Bar(
        name="投诉或其他",
        y=labels,
        x=[row["documents"] - row["silent"] for row in rows],
        orientation="h",
        marker_color=COMPLAINT,
        hovertemplate="%{x}<extra>投诉或其他</extra>",
    )
    return _figure(silent, other, height=80 + 30 * max(1, len(rows)), barmode="stack")


def _above(row: Row, key: str) -> float | None:
    share, high = row[f"{key}_share"], row[f"{key}_high"]
    return None if share is None else max(0.0, high - share)


def _below(row: Row, key: str) -> float | None:
    share, low = row[f"{key}_share"], row[f"{key}_low"]
    return None if share is None else max(0.0, share - low)
