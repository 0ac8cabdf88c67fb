"""A small player for a few dozen pictures in a notebook: one picture at a time, with buttons.

The first picture is an ordinary <img>. Where scripts do not run (a notebook that is not trusted, a
page on GitHub) it stays as a still figure, and only the buttons are missing.
"""

from __future__ import annotations

import base64
import io
import json
import uuid
from html import escape

from PIL import Image

from cs231n.language import translate

PAGE = """
<div id="@ID@" style="max-width: @WIDTH@px">
<img src="@FIRST@" alt="@ALT@" width="@WIDTH@" style="max-width: 100%">
<div class="controls" hidden>
<button type="button" aria-label="@PREVIOUS@">◀</button>
<button type="button" style="min-width: 5em">@PLAY@</button>
<button type="button" aria-label="@NEXT@">▶</button>
<input type="range" min="0" max="@LAST@" value="0" aria-label="@STEP@" style="width: 40%">
<output>1 / @COUNT@</output>
</div>
</div>
<script>
(function () {
  const box = document.getElementById("@ID@"), frames = @FRAMES@;
  const words = @WORDS@;
  const image = box.querySelector("img"), slider = box.querySelector("input");
  const [back, play, next] = box.querySelectorAll("button"), count = box.querySelector("output");
  let timer = null;
  function show(k) {
    slider.value = k;
    image.src = "data:image/png;base64," + frames[k];
    image.alt = words[k];
    count.textContent = (k + 1) + " / " + frames.length;
  }
  function stop() { clearInterval(timer); timer = null; play.textContent = "@PLAY@"; }
  function step(by) { stop(); show((+slider.value + by + frames.length) % frames.length); }
  back.onclick = () => step(-1);
  next.onclick = () => step(1);
  slider.oninput = () => { stop(); show(+slider.value); };
  play.onclick = () => {
    if (timer) { stop(); return; }
    play.textContent = "@STOP@";
    if (+slider.value === frames.length - 1) show(0);
    timer = setInterval(() => {
      if (!box.isConnected || +slider.value === frames.length - 1) { stop(); return; }
      show(+slider.value + 1);
    }, @PAUSE@);
  };
  box.querySelector(".controls").hidden = false;
})();
</script>
"""


def small_png(pixels) -> bytes:
    """`pixels`, an array (H, W, 3) of uint8, as a PNG file of 64 colours: a third of the size."""
    picture = Image.fromarray(pixels)
    picture = picture.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    picture.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def quick_png(pixels) -> bytes:
    """`pixels`, an array (H, W, 3) of uint8, as a PNG file, written as fast as can be."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def html_player(frames: list[bytes], width: int, alts: list[str], seconds: float) -> str:
    """HTML that shows PNG files one after another, `width` pixels wide, `seconds` each. `alts` are
    the words that are read out in place of each."""
    data = [base64.b64encode(frame).decode() for frame in frames]
    words = {
        "ID": f"player-{uuid.uuid4().hex}",  # unlike that of any other output on the page
        "WIDTH": width,
        "ALT": escape(alts[0], quote=True),
        "LAST": len(data) - 1,
        "COUNT": len(data),
        "PAUSE": int(1000 * seconds),
        "FIRST": f"data:image/png;base64,{data[0]}",
        "WORDS": json.dumps(alts).replace("<", "\\u003c"),  # no </script> ends the script early
        "FRAMES": json.dumps(data),
        "PREVIOUS": translate("previous step"),
        "NEXT": translate("next step"),
        "STEP": translate("step"),
        "PLAY": translate("Play"),
        "STOP": translate("Pause"),
    }
    page = PAGE
    for word, text in words.items():
        page = page.replace(f"@{word}@", str(text))
    return page
