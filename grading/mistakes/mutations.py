"""The rules of mutation: what a piece of a program may be replaced by.

    replacements(node, names) -> new nodes

Rules are chosen for what goes wrong in array code: axes, slices, sizes, signs, accumulation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Div),
    ast.Mod: (ast.Mult, ast.FloorDiv),
    ast.Pow: (ast.Mult,),
}
_COMPARISONS = {
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
# Names that are easily taken for each other; tried where a function uses both.
_PAIRS = (
    *(("H", "W"), ("HH", "WW"), ("H_out", "W_out"), ("i", "j"), ("rows", "columns")),
    *(("top", "left"), ("tall", "wide"), ("height", "width"), ("h", "w"), ("p", "q"), ("r", "s")),
    *(
        ("N", "C"),
        ("N", "F"),
        ("C", "F"),
        ("N", "D"),
        ("D", "H"),
        ("stride", "pad"),
        ("dx", "dout"),
    ),
    *(("mean", "var"), ("running_mean", "running_var"), ("gamma", "beta"), ("dgamma", "dbeta")),
    *(("x", "x_pad"), ("x", "x_hat"), ("x", "out"), ("dx", "dx_pad"), ("W1", "W2"), ("b1", "b2")),
    *(
        ("pool_height", "pool_width"),
        ("n", "f"),
        ("n", "c"),
        ("f", "c"),
        ("std", "var"),
        ("m", "v"),
    ),
)
_PARTNERS: dict[str, set[str]] = {}
for _one, _other in _PAIRS:
    _PARTNERS.setdefault(_one, set()).add(_other)
    _PARTNERS.setdefault(_other, set()).add(_one)

# Functions and methods that are easily taken for each other; "" leaves the call out.
_CALLS = {
    "max": ("min", "sum"),
    "min": ("max",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "sum": ("mean", "max"),
    "mean": ("sum", "max"),
    "argmax": ("argmin",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "zeros_like": ("ones_like",),
    "empty": ("zeros",),
    "sqrt": ("square", ""),
    "exp": ("",),
    "log": ("",),
    "abs": ("",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "copy": ("",),
    "rand": ("randn",),
    "random": ("standard_normal",),
    "randn": ("rand",),
    "cumsum": ("",),
    "ravel": ("",),
    "append": ("",),
    "hstack": ("vstack",),
    "vstack": ("hstack",),
}


def replacements(node: ast.AST, names: set[str]) -> Iterator[ast.AST]:
    """What a node may be replaced by; names: those that the function uses."""
    rule = _RULES.get(type(node))
    if rule is not None:
        yield from rule(node, names)
    if isinstance(node, ast.stmt) and not isinstance(node, ast.Return | ast.Pass | ast.FunctionDef):
        yield ast.Pass()


def _binary(node: ast.BinOp, names) -> Iterator[ast.AST]:
    for operator in _OPERATORS.get(type(node.op), ()):
        yield ast.BinOp(node.left, operator(), node.right)
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv):
        yield ast.BinOp(node.right, node.op, node.left)
    yield node.left
    yield node.right


def _accumulate(node: ast.AugAssign, names) -> Iterator[ast.AST]:
    yield ast.Assign([node.target], node.value)
    for operator in _OPERATORS.get(type(node.op), ()):
        yield ast.AugAssign(node.target, operator(), node.value)


def _compare(node: ast.Compare, names) -> Iterator[ast.AST]:
    if len(node.ops) == 1:
        for operator in _COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [operator()], node.comparators)


def _both(node: ast.BoolOp, names) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    yield from node.values


def _sign(node: ast.UnaryOp, names) -> Iterator[ast.AST]:
    yield node.operand


def _constant(node: ast.Constant, names) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(2 * value if value else 1.0)
        if value:
            yield ast.Constant(0.0)
    elif isinstance(value, str) and value:
        yield ast.Constant(value + "_")


def _name(node: ast.Name, names) -> Iterator[ast.AST]:
    for other in sorted(_PARTNERS.get(node.id, set()) & names):
        yield ast.Name(other, node.ctx)


def _slice(node: ast.Slice, names) -> Iterator[ast.AST]:
    parts = node.lower, node.upper, node.step
    for index, part in enumerate(parts):
        if part is not None:
            kept = [None if k == index else p for k, p in enumerate(parts)]
            yield ast.Slice(*kept)
    if node.lower is not None and node.upper is not None:
        yield ast.Slice(node.lower, ast.UnaryOp(ast.USub(), node.lower), node.step)


def _tuple(node: ast.Tuple, names) -> Iterator[ast.AST]:
    """Neighbours exchanged: axes of a transpose, sizes of a shape, values returned. One left out:
    axes of a sum."""
    for k in range(len(node.elts) - 1):
        swapped = list(node.elts)
        swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
        yield ast.Tuple(swapped, node.ctx)
    if isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        for k in range(len(node.elts)):
            yield ast.Tuple(node.elts[:k] + node.elts[k + 1 :], node.ctx)


def _call(node: ast.Call, names) -> Iterator[ast.AST]:
    function = node.func
    called = getattr(function, "attr", getattr(function, "id", None))
    for other in _CALLS.get(called, ()):
        if other:
            changed = (
                ast.Attribute(function.value, other, function.ctx)
                if isinstance(function, ast.Attribute)
                else ast.Name(other, function.ctx)
            )
            yield ast.Call(changed, node.args, node.keywords)
        elif node.args and called != "append":
            yield node.args[0]
        elif isinstance(function, ast.Attribute) and not node.args:
            yield function.value
    for k in range(len(node.keywords)):
        yield ast.Call(function, node.args, node.keywords[:k] + node.keywords[k + 1 :])
    if called in ("transpose", "reshape", "swapaxes", "zeros", "ones"):
        for k in range(len(node.args) - 1):
            swapped = list(node.args)
            swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
            yield ast.Call(function, swapped, node.keywords)
    if called in ("transpose", "astype") and isinstance(function, ast.Attribute):
        yield function.value
    if called == "range" and node.args:
        last = len(node.args) - 1 if len(node.args) < 3 else 1
        fewer = list(node.args)
        fewer[last] = ast.BinOp(fewer[last], ast.Sub(), ast.Constant(1))
        yield ast.Call(function, fewer, node.keywords)
        if last == 0:
            yield ast.Call(function, [ast.Constant(1), *node.args], node.keywords)


def _attribute(node: ast.Attribute, names) -> Iterator[ast.AST]:
    if node.attr == "T":
        yield node.value


def _choice(node: ast.IfExp, names) -> Iterator[ast.AST]:
    yield node.body
    yield node.orelse


def _if(node: ast.If, names) -> Iterator[ast.AST]:
    for always in (True, False):
        yield ast.If(ast.Constant(always), node.body, node.orelse)


def _return(node: ast.Return, names) -> Iterator[ast.AST]:
    """One of the values replaced by zeros."""
    if isinstance(node.value, ast.Tuple):
        for k, value in enumerate(node.value.elts):
            zero = ast.BinOp(value, ast.Mult(), ast.Constant(0))
            values = [*node.value.elts[:k], zero, *node.value.elts[k + 1 :]]
            yield ast.Return(ast.Tuple(values, ast.Load()))


_RULES = {
    ast.Attribute: _attribute,
    ast.AugAssign: _accumulate,
    ast.BinOp: _binary,
    ast.BoolOp: _both,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Constant: _constant,
    ast.If: _if,
    ast.IfExp: _choice,
    ast.Name: _name,
    ast.Return: _return,
    ast.Slice: _slice,
    ast.Tuple: _tuple,
    ast.UnaryOp: _sign,
}
