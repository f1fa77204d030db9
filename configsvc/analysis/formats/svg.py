"""A picture of a time budget as SVG: to scale, readable on light and dark, and read out loud."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from configsvc.analysis.text import count, span
from configsvc.analysis.timeline import AttemptBar, BreakerBar, Budget, Timeline, WaitBar

_WIDTH: Final = 960
_LEFT: Final = 290
_RIGHT: Final = 24
_ROW: Final = 26
_BAR: Final = 16
_TOP: Final = 48
_PLOT: Final = _WIDTH - _LEFT - _RIGHT
_TICKS: Final = 8
_STEPS: Final = (1, 2, 5)

_STYLE: Final = """
.tb{--ink:#1f2328;--paper:#fff;--soft:#59636e;--line:#d1d9e0;--good:#1f6feb;--cut:#bc4c00;--dead:#cf222e;
--wait:#8c959f;--side:#6639ba;--open:#bf3989;font:12px ui-sans-serif,system-ui,sans-serif}
@media(prefers-color-scheme:dark){.tb{--ink:#f0f6fc;--paper:#0d1117;--soft:#9198a1;--line:#3d444d;--good:#58a6ff;
--cut:#f0883e;--dead:#ff7b72;--wait:#9198a1;--side:#bc8cff;--open:#f778ba}}
.tb text{fill:var(--ink);stroke:var(--paper);stroke-width:3px;stroke-linejoin:round;
paint-order:stroke}.tb .soft{fill:var(--soft)}.tb .line{stroke:var(--line)}
.tb .whole{fill:var(--good)}.tb .cut{fill:var(--cut)}
.tb .dead{fill:none;stroke:var(--dead);stroke-width:1.5;stroke-dasharray:4 3}
.tb .maybe{fill:var(--wait);fill-opacity:.3}.tb .wait{fill:var(--wait)}
.tb .side{fill:var(--side);fill-opacity:.75}.tb .open{fill:var(--open);fill-opacity:.75}
.tb .limit{stroke:var(--dead);stroke-width:1.5}.tb .title{font-weight:600;font-size:14px}
"""


_ROLE: Final = 'class="tb" role="img" aria-labelledby="tb-title tb-desc"'


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the picture: its label, and what is drawn at its height."""

    label: str
    shapes: tuple[str, ...]


class _Scale:
    """From microseconds to places on the axis, and no further than its end."""

    def __init__(self, length: int) -> None:
        self.length = length

    def x(self, time: float) -> float:
        """Where a point in time is."""
        return round(_LEFT + _PLOT * min(time, self.length) / self.length, 1)

    def bar(self, start: float, end: float, css: str, says: str) -> str:
        """A bar; what goes beyond the axis ends in an arrow."""
        left, right = self.x(start), self.x(end)
        width = max(round(right - left, 1), 1.5)
        arrow = self._arrow(right, css) if end > self.length else ""
        return (
            f'<rect class="{css}" x="{left}" y="{{y}}" width="{width}" height="{_BAR}" rx="2">'
            f"<title>{escape(says)}</title></rect>{arrow}"
        )

    def text(self, time: float, words: str) -> str:
        """Words that begin at a point in time, or end at the end of the axis."""
        place = self.x(time)
        late = place > _LEFT + _PLOT * 0.7
        anchor, shift = ("end", -4) if late else ("start", 4)
        return (
            f'<text x="{round(place + shift, 1)}" y="{{t}}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    @staticmethod
    def _arrow(right: float, css: str) -> str:
        return f'<path class="{css}" transform="translate({right} {{y}})" d="M0 0l10 8l-10 8z"/>'


def draw(picture: Timeline) -> str:
    """The picture as an SVG document."""
    scale = _Scale(picture.length)
    rows = tuple(_rows(picture, scale))
    height = _TOP + len(rows) * _ROW + 44
    bottom = _TOP + len(rows) * _ROW
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {_ROLE} viewBox="0 0 {_WIDTH} {height}">',
            f'<title id="tb-title">Time budget of {escape(str(picture.edge))}</title>',
            f'<desc id="tb-desc">{escape(described(picture))}</desc>',
            f"<style>{_STYLE}</style>",
            f'<text class="title" x="16" y="26">{escape(str(picture.edge))}</text>',
            *_axis(scale, bottom),
            *_drawn(rows),
            *_limits(picture, scale, bottom),
            "</svg>\n",
        )
    )


def described(picture: Timeline) -> str:
    """The picture in words, for those who do not see it."""
    attempts = [bar for bar in picture.attempts if not bar.copy]
    dead = sum(bar.state == "dead" for bar in attempts)
    parts = [
        "While the callee hangs:",
        f"{count(len(attempts), 'attempt')} of {_limit(picture.attempt)}",
        f"within {_limit(picture.overall)};",
        f"{count(dead, 'attempt')} cannot start." if dead else "every attempt can start.",
    ]
    if picture.needed is not None:
        parts.append(f"All attempts need {span(picture.needed)} at the most.")
    if picture.breaker is not None:
        parts.append(f"The breaker, once open, stays open for {span(picture.breaker.open_for)}.")
    parts += (f"{each.label}: {span(each.time)}." for each in (*picture.above, *picture.below))
    return " ".join(parts)


def _rows(picture: Timeline, scale: _Scale) -> Iterator[_Row]:
    for budget in picture.above:
        yield _budget_row(budget, scale)
    waits = {wait.before: wait for wait in picture.waits}
    for bar in picture.attempts:
        wait = None if bar.copy else waits.get(bar.number)
        yield _attempt_row(bar, wait, picture, scale)
    if picture.breaker is not None:
        yield from _breaker_rows(picture.breaker, scale)
    yield from _latency_row(picture, scale)
    for budget in picture.below:
        yield _budget_row(budget, scale)


def _budget_row(budget: Budget, scale: _Scale) -> _Row:
    says = f"{budget.label}: {span(budget.time)}"
    bar = scale.bar(0, budget.time, "side", says)
    return _Row(budget.label, (bar, _on_bar(scale, budget.time, span(budget.time))))


def _on_bar(scale: _Scale, end: float, words: str) -> str:
    """Words after the end of a bar, or over it where there is no room."""
    return scale.text(min(end, scale.length), words)


def _attempt_row(bar: AttemptBar, wait: WaitBar | None, picture: Timeline, scale: _Scale) -> _Row:
    kind = "hedge copy" if bar.copy else "attempt"
    end = picture.length if bar.ends is None else bar.ends
    shapes = []
    if wait is not None:
        says = f"back-off from {span(wait.shortest)} to {span(wait.longest)}"
        shapes.append(scale.bar(wait.start, wait.start + wait.longest, "maybe", says))
        if wait.shortest:
            shapes.append(scale.bar(wait.start, wait.start + wait.shortest, "wait", says))
    length = "no limit" if bar.ends is None else span(bar.ends - bar.latest)
    says = f"{kind} {bar.number}, {_STATES[bar.state]}: {length}"
    beyond = bar.latest >= scale.length
    if beyond:
        shapes.append(scale.text(scale.length, f"would start after {span(bar.latest)}"))
    else:
        shapes += (scale.bar(bar.latest, end, bar.state, says), _on_bar(scale, end, length))
    return _Row(f"{kind} {bar.number}{_NOTES[bar.state]}", tuple(shapes))


_STATES: Final = {
    "whole": "runs to its limit",
    "cut": "is cut by the overall limit",
    "dead": "never starts",
}
_NOTES: Final = {"whole": "", "cut": " (cut)", "dead": " (never starts)"}


def _breaker_rows(breaker: BreakerBar, scale: _Scale) -> Iterator[_Row]:
    minimum = f"judges from {count(breaker.minimum_calls, 'outcome')} on"
    if breaker.counts:
        words = f"the last {count(breaker.window, 'outcome')}; {minimum}"
        yield _Row("breaker window", (scale.text(0, words),))
    else:
        says = f"window of {span(breaker.window)}; {minimum}"
        bar = scale.bar(0, breaker.window, "open", says)
        words = f"{span(breaker.window)}; {minimum}"
        yield _Row("breaker window", (bar, _on_bar(scale, breaker.window, words)))
    says = f"open for {span(breaker.open_for)}"
    bar = scale.bar(0, breaker.open_for, "open", says)
    yield _Row("breaker open", (bar, _on_bar(scale, breaker.open_for, span(breaker.open_for))))


def _latency_row(picture: Timeline, scale: _Scale) -> Iterator[_Row]:
    latency = picture.latency
    named = (("p50", latency.p50), ("p99", latency.p99), ("p99.9", latency.p999))
    known = [(name, time) for name, time in named if time is not None]
    if known:
        _, longest = known[-1]
        bar = scale.bar(0, longest, "wait", "healthy latency")
        words = ", ".join(f"{name} {span(time)}" for name, time in known)
        yield _Row("callee when healthy", (bar, _on_bar(scale, longest, words)))


def _drawn(rows: Iterable[_Row]) -> Iterator[str]:
    for index, row in enumerate(rows):
        y = _TOP + index * _ROW
        middle = y + _BAR - 4
        label = row.label if len(row.label) <= _LABEL else f"{row.label[: _LABEL - 1]}…"
        yield (
            f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end">{escape(label)}'
            f"<title>{escape(row.label)}</title></text>"
        )
        for shape in row.shapes:
            yield shape.replace("{y}", str(y)).replace("{t}", str(middle))


_LABEL: Final = 42
"""Characters of a label that fit left of the axis."""


def _axis(scale: _Scale, bottom: int) -> Iterator[str]:
    step = _step(scale.length / _TICKS)
    for index in range(int(scale.length // step) + 1):
        x = scale.x(index * step)
        yield f'<line class="line" x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{bottom}"/>'
        yield (
            f'<text class="soft" x="{x}" y="{bottom + 16}" text-anchor="middle">'
            f"{span(index * step)}</text>"
        )


def _step(least: float) -> int:
    """The first of 1, 2, 5, 10 ... microseconds that is not below ``least``."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size >= least:
                return step * size
        size *= 10


def _limits(picture: Timeline, scale: _Scale, bottom: int) -> Iterator[str]:
    if picture.overall is None:
        yield f'<text class="soft" x="{_LEFT}" y="{bottom + 36}">no overall limit</text>'
        return
    x = scale.x(picture.overall)
    anchor = "end" if x > _LEFT + _PLOT * 0.7 else "start"
    yield f'<line class="limit" x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{bottom}"/>'
    yield (
        f'<text x="{x}" y="{bottom + 36}" text-anchor="{anchor}">'
        f"overall limit {span(picture.overall)}</text>"
    )


def _limit(time: int | None) -> str:
    return "no limit" if time is None else span(time)
