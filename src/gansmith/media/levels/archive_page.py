"""The page of an archive: a grid of cells, and the level of the one that is clicked."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gansmith.media.levels.archive import Archive
from gansmith.media.levels.legend import Legend
from gansmith.media.levels.solving import cells_of
from gansmith.outputs import Provenance, save_output


def save_archive(
    archive: Archive, legend: Legend, path: Path, *, title: str = "Levels", run: str | None = None
) -> Path:
    """Write :func:`archive_page` to a file.

    Args:
        archive: With at least one elite.
        legend: Has the colours of the tiles.
        path: Of the page.
        title: Of the page.
        run: Whose levels they are, for the provenance.

    Returns:
        The path.
    """
    page = archive_page(archive, legend, title)
    return save_output(path, page.encode(), Provenance(run=run))


def archive_page(archive: Archive, legend: Legend, title: str = "Levels") -> str:
    """Return an archive as one HTML page that needs nothing else: a click shows a level.

    Args:
        archive: With at least one elite.
        legend: Has the colours of the tiles.
        title: Of the page.
    """
    parts = {
        "TITLE": html.escape(title),
        "DATA": _embedded(_values(archive, legend)),
        "FACTS": html.escape(
            f"{len(archive.elites):,} of {archive.axes[0].cells * archive.axes[1].cells:,} cells "
            f"({archive.coverage:.1%}) have a level. {archive.evaluations:,} levels were tried, "
            f"{archive.solved:,} solved. Every level shown was solved, and its solution replayed."
        ),
    }
    return re.sub("@([A-Z]+)@", lambda name: parts[name[1]], _PAGE)


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
@media(prefers-color-scheme:dark){:root{--ink:#e8eaf0;--paper:#15171c;--soft:#9097a8;
--line:#333845}}
body{margin:0;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper)}
h1{font-size:22px;margin:0 0 4px}p{color:var(--soft);margin:0 0 18px;max-width:70ch}
main{display:flex;flex-wrap:wrap;gap:28px;align-items:flex-start}
#map{display:grid;gap:2px}
#map button{width:100%;aspect-ratio:1;border:0;border-radius:3px;padding:0;
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
<p><label><input type="checkbox" id="way" checked> solution</label></p><dl id="facts"></dl>
</div></main>
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
