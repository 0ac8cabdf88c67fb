"""What the explorers share: a picture with controls, which remains a picture where controls cannot
live.

An explorer shows itself in two outputs. The first is the still, ordinary HTML: it stays in the
saved notebook, on GitHub and in what nbconvert writes. The second is the widget, which hides the
still for as long as it is alive. (In one output with two formats, a front-end would choose the
widget even where its kernel has gone.) Without ipywidgets there is only the still.
"""

from __future__ import annotations

import base64
import uuid
from html import escape
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cs231n.language import translate
from cs231n.vis import fonts
from cs231n.vis.player import quick_png

DPI = 90  # one dot a pixel on the screen
MISSING = (
    "To get controls for this picture, install ipywidgets (in a terminal: pip install ipywidgets), "
    "restart the kernel and run this cell again."
)
# A page of nbconvert may show a widget, but it has no kernel for it: there the still stays instead.
HIDE = """<style>
body:not(.jp-Notebook) #NAME { display: none }
body.jp-Notebook .NAME-live { display: none }
</style>"""
HIDDEN = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)"
ASLEEP = "A still: run this cell in Jupyter, and the picture has controls."


class Picture(NamedTuple):
    """What an explorer shows of one setting."""

    png: bytes
    width: int  # on the screen, in pixels
    alt: str  # what is read out in place of the picture
    words: str  # HTML below it


class Explorer:
    """A picture with controls. As the last value of a cell, or with display(), it shows itself.

    - settings: dict {name: value}, what the picture shows
    - controls: dict {name: ipywidgets control}; empty where there is no ipywidgets. Setting the
      `.value` of one redraws.
    - picture: what is shown now

    Everything can be done with the keyboard: Tab goes to the next control, the arrow keys move a
    slider, and in JupyterLab the space bar opens a list, in which they choose and Enter takes.

    Kinds of explorers have `draw` and `make_controls`, and `adapt` and `still` where needed.
    """

    def __init__(self, **settings):
        self.settings = settings
        self.name = f"explorer-{uuid.uuid4().hex}"  # unlike that of any other output on the page
        self.picture = self.draw()
        self.first = self.still()
        self.controls, self.widget, self._adapting = {}, None, False
        widgets = _ipywidgets()
        if widgets is not None:
            self._assemble(widgets)

    def draw(self) -> Picture:
        """The picture of self.settings. A ValueError is shown in place of the picture."""
        raise NotImplementedError

    def make_controls(self, widgets) -> dict:
        """A control for each setting, in the order in which they are shown."""
        raise NotImplementedError

    def adapt(self, changed: str) -> None:
        """Sets what other controls offer, now that the one named `changed` has another value."""

    def extras(self, widgets) -> list:
        """Widgets beside the controls that are no settings."""
        return []

    def still(self) -> str:
        """HTML of what is shown where there are no controls."""
        return still_html(self.picture)

    def _assemble(self, widgets) -> None:
        self.controls = self.make_controls(widgets)
        self._image = widgets.Image(format="png", layout={"max_width": "100%"})
        self._image.layout.object_fit = "contain"
        self._below = widgets.HTML()
        hide = HIDE.replace("NAME", self.name)
        row = [*self.controls.values(), *self.extras(widgets)]
        self.widget = widgets.VBox(
            [
                widgets.HBox(row, layout={"flex_flow": "row wrap"}),
                self._image,
                self._below,
                widgets.HTML(hide, layout={"display": "none"}),
            ]
        )
        self.widget.add_class(f"{self.name}-live")
        self._names = {control: name for name, control in self.controls.items()}
        for control in self._names:
            control.description = translate(control.description)
            control.observe(self._on_change, names="value")
        self._show()

    def _on_change(self, change) -> None:
        if self._adapting:
            return
        self._adapting = True
        try:
            self.adapt(self._names[change.owner])
        finally:
            self._adapting = False
        self.settings = {name: control.value for name, control in self.controls.items()}
        try:
            self.picture = self.draw()
        except ValueError as problem:
            said = translate(str(problem))
            words = f"<b>{translate('Not possible.')}</b> {escape(said)}"
            self.picture = self.picture._replace(alt=said, words=words, png=b"")
        self._show()

    def _show(self) -> None:
        picture, image = self.picture, self._image
        if picture.png:
            image.value, image.width = picture.png, str(picture.width)
        image.layout.visibility = "visible" if picture.png else "hidden"  # its place stays
        # ipywidgets' images have no alt (and fail with a tooltip), so the text stands beside them.
        self._below.value = f'<div style="{HIDDEN}">{escape(picture.alt)}</div>{picture.words}'

    def _ipython_display_(self) -> None:
        from IPython.display import display

        note = translate(ASLEEP if self.widget is not None else MISSING)
        html = f'<div id="{self.name}">{self.first}<p><em>{escape(note)}</em></p></div>'
        display({"text/html": html, "text/plain": self.picture.alt}, raw=True)
        if self.widget is not None:
            # Said by hand: only newer ipywidgets (not Colab's) have a method that returns it.
            view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)


def _ipywidgets():
    """The module, or None where it is missing or does not get along with what else is there."""
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def controls_style(label: str) -> dict:
    """What all controls of an explorer have, so that they stand below one another; `label` is the
    width of their labels."""
    return {"style": {"description_width": label}, "layout": {"width": "360px"}}


def still_html(picture: Picture) -> str:
    """An <img> with its text, and the words below."""
    data = base64.b64encode(picture.png).decode()
    alt = escape(picture.alt, quote=True)
    style = "max-width: 100%"
    image = f'<img src="data:image/png;base64,{data}" alt="{alt}" width="{picture.width}"'
    return f'{image} style="{style}"><div>{picture.words}</div>'


def pixels(fig) -> np.ndarray:
    """The figure, (H, W, 3) of uint8."""
    canvas = FigureCanvasAgg(fonts.readable(fig))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def picture_of(fig, alt: str, words: str) -> Picture:
    """A drawn figure, one dot a pixel on the screen, with its words in the reader's language."""
    array = pixels(fig)
    return Picture(quick_png(array), array.shape[1], translate(alt), words + fonts.legend_html(fig))


def table(rows: list[tuple], heading: tuple = ()) -> str:
    """HTML of a table: the first column names the rows, `heading` the columns."""
    cell = "padding: 1px 12px; text-align: left"
    lines = []
    if heading:
        names = "".join(f'<th scope="col" style="{cell}">{_shown(n)}</th>' for n in heading)
        lines.append(f"<tr>{names}</tr>")
    for name, *values in rows:
        columns = "".join(f'<td style="{cell}">{_shown(value)}</td>' for value in values)
        lines.append(f'<tr><th scope="row" style="{cell}">{_shown(name)}</th>{columns}</tr>')
    return f"<table>{''.join(lines)}</table>"


def _shown(value) -> str:
    return escape(translate(str(value)))
