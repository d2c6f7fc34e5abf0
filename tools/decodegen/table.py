# SPDX-License-Identifier: BSD-2-Clause
"""Reads a decode table (dbt/a64/a64.decode says how one is written) into rows and checks them.

A table that this module accepts is unambiguous: no 32-bit word fits two rows. Used by the
generator, the differential tests and the fuzzer's dictionary.
"""
import functools
import itertools
import re
from dataclasses import dataclass, field


class TableError(Exception):
    """A mistake in the table, with its line."""


# --- constraints -----------------------------------------------------------------------------------
TOKEN = re.compile(r"\s*(\d+|[A-Za-z_]\w*|\|\||&&|==|!=|<=|>=|[<>&!?:()])")
# C's levels, but that `&` binds tighter than a comparison.
LEVELS = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["&"]]


class Parser:
    """Constraint text -> nested tuples ("op", ...), ("field", name) or ("int", value)."""

    def __init__(self, text, defs, line):
        self.tokens = []
        self.line = line
        self.defs = defs
        text = text.strip()
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise TableError(f"line {line}: cannot read constraint at: {text[at:]}")
            self.tokens.append(match.group(1))
            at = match.end()

    def take(self, expected=None):
        if not self.tokens or (expected and self.tokens[0] != expected):
            raise TableError(f"line {self.line}: constraint: expected {expected or 'more'}")
        return self.tokens.pop(0)

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def parse(self):
        tree = self.ternary()
        if self.tokens:
            raise TableError(f"line {self.line}: constraint: left over: {' '.join(self.tokens)}")
        return tree

    def ternary(self):
        tree = self.level(0)
        if self.peek() == "?":
            self.take()
            yes = self.ternary()
            self.take(":")
            return ("?", tree, yes, self.ternary())
        return tree

    def level(self, n):
        if n == len(LEVELS):
            return self.unary()
        tree = self.level(n + 1)
        while self.peek() in LEVELS[n]:
            op = self.take()
            right = self.level(n + 1)
            tree = (op, tree, right)
        return tree

    def unary(self):
        token = self.take()
        if token == "!":
            return ("!", self.unary())
        if token == "(":
            tree = self.ternary()
            self.take(")")
            return tree
        if token.isdigit():
            return ("int", int(token))
        if token in self.defs:
            return self.defs[token]
        return ("field", token)


def fields_of(tree):
    """The names of the fields that a constraint reads."""
    if tree[0] == "field":
        return {tree[1]}
    if tree[0] == "int":
        return set()
    return set().union(*(fields_of(t) for t in tree[1:] if isinstance(t, tuple)))


def to_c(tree, read):
    """A constraint as a C expression; read(name) gives the C text that extracts a field."""
    op = tree[0]
    if op == "int":
        return str(tree[1])
    if op == "field":
        return read(tree[1])
    if op == "!":
        return f"!{to_c(tree[1], read)}"
    if op == "?":
        return f"({to_c(tree[1], read)} ? {to_c(tree[2], read)} : {to_c(tree[3], read)})"
    return f"({to_c(tree[1], read)} {op} {to_c(tree[2], read)})"


PYTHON = {"&&": "and", "||": "or"}


def to_python(tree, read):
    """The same as a Python expression."""
    op = tree[0]
    if op == "int":
        return str(tree[1])
    if op == "field":
        return read(tree[1])
    args = [to_python(t, read) for t in tree[1:]]
    if op == "!":
        return f"(not {args[0]})"
    if op == "?":
        return f"({args[1]} if {args[0]} else {args[2]})"
    return f"({args[0]} {PYTHON.get(op, op)} {args[1]})"


# --- rows --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Field:
    """Bits [low + width - 1 : low] of the word."""
    name: str
    low: int
    width: int
    signed: bool

    def mask(self):
        return ((1 << self.width) - 1) << self.low

    def get(self, word):
        return (word >> self.low) & ((1 << self.width) - 1)


@dataclass
class Row:
    name: str
    section: str
    line: int
    mask: int = 0
    value: int = 0
    fields: dict = field(default_factory=dict)
    constraint: tuple = None
    reason: str = None
    fp: bool = False

    def constraint_mask(self):
        """The bits that the constraint reads and that the row does not fix."""
        bits = 0
        if self.constraint:
            for name in fields_of(self.constraint):
                bits |= self.fields[name].mask()
        return bits & ~self.mask

    @functools.cached_property
    def holds(self):
        """Whether a word satisfies the constraint, as a function of the word."""
        if not self.constraint:
            return lambda word: True

        def read(name):
            f = self.fields[name]
            return f"(word >> {f.low} & {(1 << f.width) - 1})"
        return eval(f"lambda word: bool({to_python(self.constraint, read)})")

    def matches(self, word):
        return word & self.mask == self.value and self.holds(word)

    def count(self):
        """How many words the row covers."""
        bits = self.constraint_mask()
        free = 32 - bin(self.mask | bits).count("1")
        return sum(self.holds(self.value | w) for w in subsets(bits)) << free


def subsets(mask):
    """Every word whose ones lie in mask."""
    places = [1 << n for n in range(32) if mask >> n & 1]
    for chosen in itertools.product((0, 1), repeat=len(places)):
        yield sum(p for p, c in zip(places, chosen) if c)


def alternatives(text, line):
    """Expands the {a,b,c} groups of a line, all in step."""
    groups = re.findall(r"\{([^}]*)\}", text)
    if not groups:
        return [text]
    lists = [g.split(",") for g in groups]
    if len({len(entries) for entries in lists}) != 1:
        raise TableError(f"line {line}: groups of different length")
    result = []
    for choice in zip(*lists):
        pick = iter(choice)
        result.append(re.sub(r"\{[^}]*\}", lambda _, pick=pick: next(pick), text))
    return result


def parse_bits(row, text, defaults):
    at = 32
    for token in text.split():
        if re.fullmatch(r"[01x]+", token):
            for bit in token:
                at -= 1
                if bit != "x" and at >= 0:
                    row.mask |= 1 << at
                    row.value |= int(bit) << at
            continue
        match = re.fullmatch(r"([a-z_]\w*)(?::(s?)(\d+))?", token)
        if not match:
            raise TableError(f"line {row.line}: cannot read bits: {token}")
        name, sign, width = match.groups()
        if width is None:
            if name not in defaults:
                raise TableError(f"line {row.line}: field {name} has no width")
            sign, width = defaults[name]
        at -= int(width)
        if name in row.fields:
            raise TableError(f"line {row.line}: field {name} twice")
        row.fields[name] = Field(name, at, int(width), bool(sign))
    if at != 0:
        raise TableError(f"line {row.line}: {row.name} has {32 - at} bits")


def marks(text):
    """Splits the closing marks off a row or a section: (rest, fp, reason)."""
    body, _, reason = re.sub(r"\s!\s", "\0", text).partition("\0")
    rest, at, _ = body.partition("@fp")
    return rest.strip(), bool(at), reason.strip() or None


def parse_row(text, section, line, defaults, defs):
    body, fp, reason = marks(text)
    body, _, constraint = body.partition(" if ")
    name, _, bits = body.strip().partition(" ")
    row = Row(name, section[0], line, reason=reason or section[2], fp=fp or section[1])
    parse_bits(row, bits, defaults)
    if constraint:
        row.constraint = Parser(constraint, defs, line).parse()
        unknown = fields_of(row.constraint) - set(row.fields)
        if unknown:
            raise TableError(f"line {line}: {name}: no field {', '.join(sorted(unknown))}")
        if not row.count():
            raise TableError(f"line {line}: {name}: its constraint can never hold")
    return row


def load(path):
    """The rows of the table at path, in its order, checked."""
    rows, defaults, defs, section = [], {}, {}, None
    with open(path, encoding="utf-8") as source:
        for line, text in enumerate(source, 1):
            text = text.split("#", 1)[0].strip()
            if not text:
                continue
            if text.startswith("["):
                section = marks(text)
                section = (section[0].strip("[]"),) + section[1:]
            elif text.startswith("field "):
                for name, sign, width in re.findall(r"(\w+):(s?)(\d+)", text):
                    defaults[name] = (sign, width)
            elif text.startswith("def "):
                name, _, expression = text[4:].partition("=")
                defs[name.strip()] = Parser(expression, defs, line).parse()
            else:
                rows += [parse_row(t, section, line, defaults, defs)
                         for t in alternatives(text, line)]
    check(rows)
    return rows


def check(rows):
    names = {}
    for row in rows:
        if row.name in names:
            raise TableError(f"line {row.line}: {row.name} is also on line {names[row.name]}")
        names[row.name] = row.line
    for one, two in itertools.combinations(rows, 2):
        if not (one.value ^ two.value) & one.mask & two.mask:
            word = overlap(one, two)
            if word is not None:
                raise TableError(f"lines {one.line} and {two.line}: {one.name} and {two.name} "
                                 f"share {word:08x}")


def overlap(one, two):
    """A word that fits both rows, or None."""
    fixed = one.mask | two.mask
    base = one.value | two.value
    for word in subsets((one.constraint_mask() | two.constraint_mask()) & ~fixed):
        if one.holds(base | word) and two.holds(base | word):
            return base | word
    return None
