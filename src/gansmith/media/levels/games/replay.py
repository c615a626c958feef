"""Replaying solutions by the rules alone.

This is the second opinion on every solver: it shares no code with them, knows no search, and is
written in the plainest form that the rules have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gansmith.errors import GansmithError
from gansmith.media.levels.legend import Legend, Tile
from gansmith.media.levels.level import Level

STEPS = {"l": (-1, 0), "r": (1, 0), "u": (0, -1), "d": (0, 1)}
WALLS = {"solid", "block", "brick", "false_brick", "breakable", "crumbling"}
HOLE_TURNS = 20
OUTSIDE = Tile(roles=("solid",))
AIR = Tile(roles=("empty",))

Place = tuple[int, int]
"""Column and row."""


@dataclass(frozen=True)
class Replay:
    """How a solution went.

    Attributes:
        won: Whether the end condition holds after the last command.
        fault: Why not; empty if it was won.
        at: Number of the command that broke a rule, from 0; None if all were carried out.
    """

    won: bool
    fault: str = ""
    at: int | None = None


class _Broken(Exception):
    """A command that the rules do not permit."""


class _World:
    """A level as a second reader sees it: tiles with roles, by column and row."""

    def __init__(self, level: Level, legend: Legend) -> None:
        tiles: list[Tile] = list(legend.tiles.values())
        self.legend = legend
        self.rows: list[list[Tile]] = [
            [tiles[number] for number in row] for row in level.tiles.tolist()
        ]
        self.width, self.height = len(self.rows[0]), len(self.rows)
        starts = self.places("start")
        self.start = starts[0] if len(starts) == 1 else None

    def places(self, role: str) -> list[Place]:
        return [
            (x, y)
            for y, row in enumerate(self.rows)
            for x, tile in enumerate(row)
            if role in tile.roles
        ]

    def tile(self, x: int, y: int) -> Tile:
        """Return a tile; outside is solid, but air above."""
        if 0 <= x < self.width and 0 <= y < self.height:
            return self.rows[y][x]
        return AIR if y < 0 and 0 <= x < self.width else OUTSIDE

    def has(self, x: int, y: int, *roles: str) -> bool:
        return not set(roles).isdisjoint(self.tile(x, y).roles)

    def walkable(self, x: int, y: int) -> bool:
        """Say whether a walker seen from above may be on a cell, whatever lies on it."""
        inside = 0 <= x < self.width and 0 <= y < self.height
        return inside and not self.has(x, y, *WALLS, "hazard")


def replay(level: Level, legend: Legend, moves: str | Sequence[tuple[int, int]]) -> Replay:
    """Carry out a solution by the rules of the game that the legend names.

    Args:
        level: The level.
        legend: What its tiles are, and the game.
        moves: Commands `l r u d`, for a digger also `z x .`, in lower or upper case; for a
            platformer the cells `(x, y)` of the feet, one a step, from the start on.

    Returns:
        Whether it wins the level, and if not, why.

    Raises:
        GansmithError: The legend names no game.
    """
    if legend.game is None:
        raise GansmithError(f"the legend names no game: add one of {', '.join(_GAMES)} as 'game:'")
    world = _World(level, legend)
    if isinstance(moves, str) == (legend.game == "platformer"):
        return Replay(False, f"a {legend.game} takes {_GAMES[legend.game][0]}")
    if world.start is None and legend.game != "platformer":
        return Replay(False, "the level has not exactly one start")
    _, game = _GAMES[legend.game]
    return game(world, moves.lower() if isinstance(moves, str) else moves)


def _sokoban(world: _World, moves: str) -> Replay:
    assert world.start is not None
    (x, y), boxes = world.start, set(world.places("box"))
    for number, move in enumerate(moves):
        if move not in STEPS:
            return Replay(False, f"there is no command '{move}'", number)
        dx, dy = STEPS[move]
        x, y = x + dx, y + dy
        if not world.walkable(x, y):
            return Replay(False, "the player runs into a wall", number)
        if (x, y) in boxes:
            behind = x + dx, y + dy
            if not world.walkable(*behind) or behind in boxes:
                return Replay(False, "a box does not move", number)
            boxes.remove((x, y))
            boxes.add(behind)
    if not boxes or boxes != set(world.places("target")):
        return Replay(False, "not every box is on a target at the end")
    return Replay(True)


def _keydoor(world: _World, moves: str) -> Replay:
    assert world.start is not None
    (x, y), hand = world.start, list[str | None]()
    gone, opened = set[Place](), set[Place]()
    doors = [place for place in world.places("door") if world.tile(*place).locked]
    for number, move in enumerate(["", *moves], start=-1):
        if move:
            if move not in STEPS:
                return Replay(False, f"there is no command '{move}'", number)
            dx, dy = STEPS[move]
            x, y = x + dx, y + dy
            if not world.walkable(x, y) or world.has(x, y, "box"):
                return Replay(False, "the player runs into something", number)
        tile = world.tile(x, y)
        if (x, y) in doors and (x, y) not in opened:
            if tile.colour not in hand:
                return Replay(False, "the door is locked and its key not in hand", number)
            opened.add((x, y))
            if world.legend.keys.used_up:
                hand.remove(tile.colour)
        if not doors and "goal" in tile.roles and not hand:
            return Replay(False, "the goal is locked and no key in hand", number)
        if "key" in tile.roles and (x, y) not in gone:
            gone.add((x, y))
            hand.append(tile.colour)
    if not world.has(x, y, "goal"):
        return Replay(False, "the player is not on the goal at the end")
    return Replay(True)


def _maze(world: _World, moves: str) -> Replay:
    assert world.start is not None
    x, y = world.start
    for number, move in enumerate(moves):
        if move not in STEPS:
            return Replay(False, f"there is no command '{move}'", number)
        x, y = x + STEPS[move][0], y + STEPS[move][1]
        if not world.walkable(x, y) or world.has(x, y, "box"):
            return Replay(False, "the player runs into something", number)
    if not world.has(x, y, "goal"):
        return Replay(False, "the player is not on the goal at the end")
    return Replay(True)


class _Digger:
    """A hero, gold, and holes with the turn in which each is due to close."""

    def __init__(self, world: _World) -> None:
        assert world.start is not None
        self.world, (self.x, self.y) = world, world.start
        self.gold = set(world.places("collectible")) - {world.start}
        self.due: dict[Place, int] = {}

    def turn(self, now: int, command: str) -> None:
        for hole in [hole for hole, due in self.due.items() if due <= now]:
            del self.due[hole]
            if hole == (self.x, self.y):
                raise _Broken("a hole closes on the hero")
        x, y = self.x, self.y
        if not self.supported():
            self.enter(x, y + 1)
        elif command in STEPS:
            dx, dy = STEPS[command]
            if self.closed(x + dx, y + dy) or (dy <= 0 and self.false_brick(x + dx, y + dy)):
                raise _Broken("the hero runs into something")
            if command == "u" and not self.ladder(x, y):
                raise _Broken("the hero is on no ladder")
            self.enter(x + dx, y + dy)
        elif command in "zx":
            side = x + (1 if command == "x" else -1)
            brick = self.world.has(side, y + 1, "brick") and (side, y + 1) not in self.due
            if not brick:
                raise _Broken("there is no brick to dig")
            if self.closed(side, y) or self.false_brick(side, y) or self.ladder(side, y):
                raise _Broken("something is on top of the brick")
            self.due[side, y + 1] = now + HOLE_TURNS
        elif command != ".":
            raise _Broken(f"there is no command '{command}'")

    def enter(self, x: int, y: int) -> None:
        self.x, self.y = x, y
        self.gold.discard((x, y))
        if self.world.has(x, y, "hazard"):
            raise _Broken("the hero runs into a hazard")

    def closed(self, x: int, y: int) -> bool:
        """Say whether a cell is solid or a closed brick."""
        if self.world.has(x, y, *(WALLS - {"brick", "false_brick"})):
            return True
        return self.world.has(x, y, "brick") and (x, y) not in self.due

    def false_brick(self, x: int, y: int) -> bool:
        return self.world.has(x, y, "false_brick")

    def ladder(self, x: int, y: int) -> bool:
        return self.world.has(x, y, "ladder") or (
            not self.gold and self.world.has(x, y, "hidden_ladder")
        )

    def supported(self) -> bool:
        x, y = self.x, self.y
        held = self.ladder(x, y) or self.world.has(x, y, "rope")
        return held or self.closed(x, y + 1) or self.ladder(x, y + 1)


def _digger(world: _World, moves: str) -> Replay:
    game = _Digger(world)
    for number, command in enumerate(moves):
        try:
            game.turn(number, command)
        except _Broken as fault:
            return Replay(False, str(fault), number)
    if game.gold:
        return Replay(False, f"{len(game.gold)} gold is left at the end")
    if game.y != 0:
        return Replay(False, "the hero is not in the top row at the end")
    return Replay(True)


Motion = tuple[str, int]
"""What a body is doing: `stand`, `swim`, `rise`, `bounce` or `fall`, and for how many steps."""


class _Platformer:
    """A body that walks, jumps, falls and swims."""

    def __init__(self, world: _World) -> None:
        jump = world.legend.jump
        if jump is None:
            raise GansmithError("the legend has no 'jump:': add height and length in tiles")
        self.world, self.height, self.tall = world, jump.height, jump.tall
        self.half = jump.length / 2

    def climbed(self, motion: str, steps: int) -> int:
        """Whole tiles that a jump has risen after some steps: the arc of a parabola."""
        height = self.height * (2 if motion == "bounce" else 1)
        half = self.half * (math.sqrt(2) if motion == "bounce" else 1)
        left = max(half - steps, 0) / half
        return math.floor(height * (1 - left * left) + 1e-9)

    def dropped(self, step: int) -> int:
        """Tiles that a body falls in one step, begun ones too: three at most."""
        whole = math.ceil(self.height * (step / self.half) ** 2 - 1e-9)
        before = math.ceil(self.height * ((step - 1) / self.half) ** 2 - 1e-9)
        return min(whole - before, 3)

    def fits(self, x: int, y: int) -> bool:
        """Say whether a living body can be with its feet on a cell."""
        for above in range(self.tall):
            row = y - above
            if not 0 <= x < self.world.width or row >= self.world.height:
                return False
            if row >= 0 and self.world.has(
                x, row, "solid", "block", "brick", "false_brick", "crumbling", "hazard"
            ):
                return False
        return True

    def carried(self, x: int, y: int) -> bool:
        if self.world.has(x, y, "slope_up", "slope_down"):
            return True
        if not 0 <= y + 1 < self.world.height:
            return False
        carries = WALLS | {"one_way", "spring", "slope_up", "slope_down"}
        return self.world.has(x, y + 1, *carries)

    def wet(self, x: int, y: int) -> bool:
        return self.world.has(x, y, "water")

    def at_rest(self, x: int, y: int) -> Motion:
        """What a body does that has just come to a cell without rising."""
        if self.wet(x, y):
            return "swim", 0
        return ("stand", 0) if self.carried(x, y) else ("fall", 0)

    def after(self, motion: Motion, old: Place, new: Place) -> set[Motion]:
        """Return all that a body can be doing after one step from a cell to the next."""
        kind, steps = motion
        (x, y), (nx, ny) = old, new
        found: set[Motion] = set()
        if abs(nx - x) > 1 or not self.fits(nx, ny):
            return found
        if kind in ("stand", "swim"):
            found |= self.walked(old, new)
            found |= self.risen("rise", 1, old, new)
            if self.world.has(x, y, "spring") or self.world.has(x, y + 1, "spring"):
                found |= self.risen("bounce", 1, old, new)
        if kind == "swim" and abs(ny - y) <= 1 and self.way(old, new):
            found.add(self.at_rest(nx, ny))
        if kind in ("rise", "bounce"):
            found |= self.risen(kind, steps + 1, old, new)
        if kind in ("rise", "bounce", "fall", "stand"):
            begun = steps if kind == "fall" else 0
            found |= self.fallen(begun + 1, old, new)
        return found

    def walked(self, old: Place, new: Place) -> set[Motion]:
        """Walk on level ground, or one up or down where a slope is."""
        (x, y), (nx, ny) = old, new
        sloping = any(
            self.world.has(a, b, "slope_up", "slope_down")
            for a, b in (old, new, (x, y + 1), (nx, ny + 1))
        )
        if not (ny == y or (abs(ny - y) == 1 and sloping and nx != x)):
            return set()
        if not self.carried(nx, ny) or not self.way(old, new):
            return set()
        return {self.at_rest(nx, ny)}

    def risen(self, kind: str, steps: int, old: Place, new: Place) -> set[Motion]:
        """One more step of a jump, cut short by a ceiling."""
        ended = steps - 1 >= self.half * (math.sqrt(2) if kind == "bounce" else 1)
        if ended:
            return set()
        up = self.climbed(kind, steps) - self.climbed(kind, steps - 1)
        if old[1] - new[1] == up and self.way(old, new):
            return {(kind, steps)}
        if 0 <= old[1] - new[1] < up and self.way(old, new) and not self.fits(new[0], new[1] - 1):
            return {("fall", 0)}
        return set()

    def fallen(self, steps: int, old: Place, new: Place) -> set[Motion]:
        """One more step of a fall, until something carries the body or water takes it."""
        down = self.dropped(steps)
        (x, y), (nx, ny) = old, new
        if not 0 <= ny - y <= down:
            return set()
        held = self.carried(nx, ny) or self.wet(nx, ny)
        if ny - y < down and not held:
            return set()
        for turn in range(ny - y + 1):
            cells = [(x, y + k) for k in range(turn + 1)]
            cells += [(nx, y + k) for k in range(turn, ny - y + 1)] if nx != x else []
            if nx == x and turn < ny - y:
                continue
            # Nothing on the way may have stopped the fall; from where it stands it may step off.
            passed = cells[1:-1] if nx != x and turn == 0 else cells[:-1]
            if all(self.fits(*cell) for cell in cells) and not any(
                self.carried(*cell) or self.wet(*cell) for cell in passed
            ):
                return {self.at_rest(nx, ny) if held else ("fall", steps)}
        return set()

    def way(self, old: Place, new: Place) -> bool:
        """Say whether a body fits on some way: part of the climb, one aside, the rest of it."""
        (x, y), (nx, ny) = old, new
        step = -1 if ny < y else 1
        rows = list(range(y, ny + step, step))
        for turn in range(len(rows)):
            cells = [(x, row) for row in rows[: turn + 1]] + [(nx, row) for row in rows[turn:]]
            if all(self.fits(*cell) for cell in cells):
                return True
        return False


def _platformer(world: _World, cells: Sequence[tuple[int, int]]) -> Replay:
    game = _Platformer(world)
    path = [(int(x), int(y)) for x, y in cells]
    if not path:
        return Replay(False, "the path is empty")
    starts, goals = world.places("start"), world.places("goal")
    first, last = path[0], path[-1]
    if not game.fits(*first):
        return Replay(False, "the body does not fit on the first cell", 0)
    if starts and first != starts[0]:
        return Replay(False, "the path does not begin on the start", 0)
    if not starts and (first[0] > 1 or not game.carried(*first)):
        return Replay(False, "the path does not begin standing in the first two columns", 0)
    motions = {game.at_rest(*first)}
    for number, (old, new) in enumerate(pairwise(path), start=1):
        motions = {after for motion in motions for after in game.after(motion, old, new)}
        if not motions:
            return Replay(False, f"no step leads from {old} to {new}", number)
    body = [(last[0], last[1] - above) for above in range(game.tall)]
    if goals and not set(goals) & set(body):
        return Replay(False, "the body touches no goal at the end")
    if not goals and (last[0] < world.width - 2 or ("stand", 0) not in motions):
        return Replay(False, "the body does not stand in the last two columns at the end")
    return Replay(True)


_GAMES: dict[str, tuple[str, Callable[..., Replay]]] = {
    "sokoban": ("a string of commands", _sokoban),
    "keydoor": ("a string of commands", _keydoor),
    "digger": ("a string of commands", _digger),
    "platformer": ("a list of cells", _platformer),
    "maze": ("a string of commands", _maze),
}
