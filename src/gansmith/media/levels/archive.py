"""Archive: the best verified level for each pair of values of two measures.

MAP-Elites (Mouret and Clune, 2015) with improvement emitters (CMA-ME: Fontaine et al., GECCO 2020)
and variation along lines between elites (Vassiliades and Mouret, GECCO 2018), which share the
evaluations. It needs `cma` only; `ribs` has the same algorithms, but brings 450 MB of packages.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.log import LogFn, silent
from gansmith.media.levels.control import Sampler, measure_of, new_strategy, verified
from gansmith.media.levels.games import Solved
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.level import Level
from gansmith.media.levels.solving import cells_of
from gansmith.outputs import Provenance, save_output

EMITTERS = 4
"""Strategies of CMA-ES that take turns with lines between elites."""
BATCH = 36
"""Latents of one turn."""
FIRST = 200
"""Random latents to begin with."""
ISO, LINE = 0.05, 0.5
"""Deviations of variation along lines: of each coordinate, and of the line's length."""
RADIUS = 3.0
"""Coordinates of latents are kept within it: a generator knows no others."""


@dataclass(frozen=True)
class Axis:
    """One measure of an archive.

    Attributes:
        name: Of the measure.
        low: Lower end of the first cell; smaller values count for it.
        high: Upper end of the last cell; larger values count for it.
        cells: How many there are.
    """

    name: str
    low: float
    high: float
    cells: int = 20

    def cell(self, value: float) -> int:
        """Return the cell of a value, from 0."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(math.floor(share * self.cells), 0), self.cells - 1)


@dataclass(frozen=True, eq=False)
class Elite:
    """The best level of a cell.

    Attributes:
        level: Solved and replayed.
        verdict: Of the solver.
        latent: It was made from, float32 [Z].
        measures: Values of the two measures.
        quality: Higher is better.
    """

    level: Level
    verdict: Solved
    latent: NDArray[np.float32]
    measures: tuple[float, float]
    quality: float


@dataclass(eq=False)
class Archive:
    """Elites by their cells.

    Attributes:
        axes: The two measures.
        elites: By cell of the first and of the second measure.
        evaluations: Levels that were tried.
        solved: How many of them were solved.
    """

    axes: tuple[Axis, Axis]
    elites: dict[tuple[int, int], Elite] = field(default_factory=dict)
    evaluations: int = 0
    solved: int = 0

    @property
    def coverage(self) -> float:
        """Share of the cells that have an elite, 0 to 1."""
        return len(self.elites) / (self.axes[0].cells * self.axes[1].cells)

    def add(self, elite: Elite) -> tuple[int, float]:
        """Keep an elite if it is the first or the best of its cell.

        Returns:
            2 for a new cell, 1 for a better one, else 0; and by how much it is better.
        """
        first, second = self.axes
        place = first.cell(elite.measures[0]), second.cell(elite.measures[1])
        before = self.elites.get(place)
        if before is None:
            self.elites[place] = elite
            return 2, elite.quality
        gain = elite.quality - before.quality
        if gain > 0:
            self.elites[place] = elite
        return int(gain > 0), gain


def illuminate(
    sample: Sampler,
    latent_size: int,
    legend: Legend,
    axes: tuple[Axis, Axis],
    *,
    quality: str = "difficulty",
    evaluations: int = 5000,
    seed: int = 0,
    at_random: bool = False,
    accepts: Callable[[Level], bool] = lambda level: True,
    log: LogFn = silent,
) -> Archive:
    """Fill an archive with levels of a generator.

    Args:
        sample: The generator.
        latent_size: Z, its latents have.
        legend: Of its levels.
        axes: The two measures.
        quality: Measure that is higher for better elites.
        evaluations: Levels that are tried.
        seed: Of the search.
        at_random: Draw latents as in training instead of searching them; the floor of a search.
        accepts: Whether a solved level may be an elite, such as one that is no copy.
        log: Called with the coverage, now and then.

    Raises:
        GansmithError: A measure is unknown, or the package `cma` is missing.
    """
    rng = np.random.default_rng(seed)
    of = [measure_of(name) for name in (axes[0].name, axes[1].name, quality)]
    archive = Archive(axes)

    def evaluate(latents: NDArray[np.float64]) -> list[tuple[int, float]]:
        found = []
        for latent, level in zip(latents, sample(latents.astype(np.float32)), strict=True):
            archive.evaluations += 1
            verdict = verified(level, legend)
            if verdict is None or not accepts(level):
                found.append((-1, 0.0))
                continue
            archive.solved += 1
            one, two, good = (measure(level, legend, verdict) for measure in of)
            kept = latent.astype(np.float32)
            found.append(archive.add(Elite(level, verdict, kept, (one, two), good)))
        return found

    emitters: list[_Emitter | None] = [None] * EMITTERS
    turn = 0
    while archive.evaluations < evaluations:
        left = evaluations - archive.evaluations
        if at_random or archive.evaluations < FIRST or not archive.elites:
            evaluate(rng.standard_normal((min(BATCH, left), latent_size)))
        elif turn % 2:
            evaluate(_along_lines(archive, min(BATCH, left), rng))
        else:
            place = turn // 2 % EMITTERS
            emitter = emitters[place]
            if emitter is None:
                emitter = emitters[place] = _Emitter(archive, rng)
            latents = emitter.ask()[:left]
            if not emitter.tell(latents, evaluate(latents)):
                emitters[place] = None
        turn += 1
        if turn % 20 == 0:
            log(f"{archive.evaluations:,} levels, {archive.coverage:.1%} of the cells")
    return archive


class _Emitter:
    """A CMA-ES that ranks latents by what they add to the archive."""

    def __init__(self, archive: Archive, rng: np.random.Generator) -> None:
        elites = list(archive.elites.values())
        origin = elites[int(rng.integers(len(elites)))].latent.astype(float)
        self.strategy = new_strategy(origin, 0.5, int(rng.integers(1, 2**31)))

    def ask(self) -> NDArray[np.float64]:
        return np.clip(np.array(self.strategy.ask(BATCH)), -RADIUS, RADIUS)

    def tell(self, latents: NDArray[np.float64], added: Sequence[tuple[int, float]]) -> bool:
        """Learn from a turn; return whether the emitter should go on."""
        if len(latents) < BATCH:
            return False
        order = sorted(range(len(added)), key=lambda k: added[k], reverse=True)
        ranks = np.empty(len(added))
        ranks[order] = np.arange(len(added))
        self.strategy.tell(list(latents), ranks.tolist())
        return any(status > 0 for status, _ in added) and not self.strategy.stop()


def _along_lines(archive: Archive, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Vary elites along the lines to other elites."""
    elites = np.array([elite.latent for elite in archive.elites.values()], dtype=float)
    one, other = elites[rng.integers(len(elites), size=(2, count))]
    noise = ISO * rng.standard_normal(one.shape)
    steps = LINE * rng.standard_normal((count, 1))
    return np.clip(one + noise + steps * (other - one), -RADIUS, RADIUS)


def save_archive(
    archive: Archive, legend: Legend, path: Path, *, title: str = "Levels", run: str | None = None
) -> Path:
    """Write an archive as one HTML page that needs nothing else: a click shows a level.

    Args:
        archive: With at least one elite.
        legend: Has the colours of the tiles.
        path: Of the page.
        title: Of the page.
        run: Whose levels they are, for the provenance.

    Returns:
        The path.
    """
    page = _PAGE
    parts = {
        "TITLE": html.escape(title),
        "DATA": _embedded(_values(archive, legend)),
        "FACTS": html.escape(
            f"{len(archive.elites):,} of {archive.axes[0].cells * archive.axes[1].cells:,} cells "
            f"({archive.coverage:.1%}) have a level. {archive.evaluations:,} levels were tried, "
            f"{archive.solved:,} solved. Every level shown was solved, and its solution replayed."
        ),
    }
    for name, text in parts.items():
        page = page.replace(f"@{name}@", text)
    return save_output(path, page.encode(), Provenance(run=run))


def _embedded(values: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the script it stands in."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _values(archive: Archive, legend: Legend) -> dict[str, Any]:
    symbols = legend.symbols
    return {
        "axes": [vars(axis) for axis in archive.axes],
        "colours": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in legend.palette.tolist()],
        "names": [f"{s} {' '.join(legend.tiles[s].roles)}" for s in symbols],
        "elites": [
            {
                "cell": list(place),
                "size": list(elite.level.size),
                "tiles": base64.b64encode(elite.level.tiles.astype("<u2").tobytes()).decode(),
                "path": [list(c) for c in cells_of(elite.verdict.moves, elite.level, legend)],
                "moves": elite.verdict.moves if isinstance(elite.verdict.moves, str) else "",
                "length": elite.verdict.length,
                "measures": [round(value, 4) for value in elite.measures],
                "quality": round(elite.quality, 4),
            }
            for place, elite in sorted(archive.elites.items())
        ],
    }


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root{color-scheme:light dark;--ink:#1d2129;--paper:#fbfbfc;--soft:#8a90a0;--line:#d9dce3}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaf0;--paper:#15171c;--soft:#9097a8;--line:#333845}}
body{margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:22px;margin:0 0 4px}p{color:var(--soft);margin:0 0 18px;max-width:70ch}
main{display:flex;flex-wrap:wrap;gap:28px;align-items:flex-start}
#map{display:grid;gap:2px}#map button{width:100%;aspect-ratio:1;border:0;border-radius:3px;padding:0;
background:var(--line);opacity:.35}#map button.full{opacity:1;cursor:pointer}
#map button:focus-visible,#map button.on{outline:3px solid #e0208f;outline-offset:0}
.chart{width:min(560px,92vw)}.axis{color:var(--soft);font-size:13px;display:flex;
justify-content:space-between}canvas{max-width:100%;border:1px solid var(--line);border-radius:4px}
#level{flex:1 1 320px}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}label{color:var(--soft)}
</style></head><body>
<h1>@TITLE@</h1><p>@FACTS@</p>
<main><div class="chart"><div class="axis"><span id="ytop"></span></div><div id="map"></div>
<div class="axis"><span id="xlow"></span><span id="xname"></span><span id="xhigh"></span></div>
<div class="axis"><span>dark: lower quality</span><span>bright: higher quality</span></div></div>
<div id="level"><canvas id="view"></canvas>
<p><label><input type="checkbox" id="way" checked> solution</label></p><dl id="facts"></dl></div></main>
<script id="data" type="application/json">@DATA@</script>
<script>
const data=JSON.parse(document.getElementById("data").textContent),[X,Y]=data.axes;
const map=document.getElementById("map"),view=document.getElementById("view");
const way=document.getElementById("way"),facts=document.getElementById("facts");
const text=(id,value)=>document.getElementById(id).textContent=value;
text("ytop","\\u2191 "+Y.name+" "+Y.low+" to "+Y.high);
text("xlow",X.low);text("xname",X.name+" \\u2192");text("xhigh",X.high);
map.style.gridTemplateColumns="repeat("+X.cells+",1fr)";
const at=new Map(data.elites.map(e=>[e.cell.join(),e]));
const all=data.elites.map(e=>e.quality),low=Math.min(...all),span=Math.max(...all)-low||1;
let shown=null;
for(let y=Y.cells-1;y>=0;y--)for(let x=0;x<X.cells;x++){
  const cell=document.createElement("button"),elite=at.get(x+","+y);cell.disabled=!elite;
  if(elite){const q=(elite.quality-low)/span;cell.className="full";
    cell.style.background="hsl("+(250-190*q)+" 70% "+(30+35*q)+"%)";
    cell.title=X.name+" "+elite.measures[0]+", "+Y.name+" "+elite.measures[1];
    cell.setAttribute("aria-label",cell.title);
    cell.onclick=()=>show(elite,cell);elite.cellOf=cell}
  map.append(cell)}
function show(e,cell){document.querySelectorAll("#map .on").forEach(b=>b.classList.remove("on"));
  cell.classList.add("on");shown=e;draw();facts.replaceChildren();
  const rows=[[X.name,e.measures[0]],[Y.name,e.measures[1]],["quality",e.quality],
    ["solution",e.length+" moves"]];if(e.moves)rows.push(["moves",e.moves]);
  for(const [k,v] of rows){const t=document.createElement("dt"),d=document.createElement("dd");
    t.textContent=k;d.textContent=v;facts.append(t,d)}}
function draw(){const e=shown;if(!e)return;const [H,W]=e.size,raw=atob(e.tiles);
  const side=Math.max(4,Math.min(32,Math.floor(900/W),Math.floor(640/H)));
  view.width=W*side;view.height=H*side;const c=view.getContext("2d");
  for(let k=0;k<W*H;k++){c.fillStyle=data.colours[raw.charCodeAt(2*k)+256*raw.charCodeAt(2*k+1)];
    c.fillRect(k%W*side,Math.floor(k/W)*side,side,side)}
  if(!way.checked||!e.path.length)return;
  for(const [w,colour] of [[side/5+2,"#000"],[side/5,"#fff"]]){c.strokeStyle=c.fillStyle=colour;
    c.lineWidth=w;c.lineJoin="round";c.beginPath();
    e.path.forEach(([y,x],k)=>c[k?"lineTo":"moveTo"]((x+.5)*side,(y+.5)*side));c.stroke();
    for(const [y,x] of [e.path[0],e.path[e.path.length-1]]){c.beginPath();
      c.arc((x+.5)*side,(y+.5)*side,w,0,7);c.fill()}}}
way.onchange=draw;
if(data.elites.length)show(data.elites[0],data.elites[0].cellOf);
</script></body></html>
"""
