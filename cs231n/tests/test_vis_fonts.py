"""Words in pictures: in the reader's language, in a font that has them, never as boxes."""

import logging
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

from cs231n import language, vis
from cs231n.vis import fonts
from cs231n.vis.alt_text import alt_text, as_html

pytestmark = pytest.mark.usefixtures("no_language")


def words(fig):
    return [text.get_text() for text in fig.findobj(Text) if text.get_text()]


def draw():
    """Pictures with labels of the course's own."""
    yield vis.show_positions(5, 3, strides=(1, 3), pad=1, caption="一行 5 个像素")
    yield vis.plot_training({"losses": [2.0, 1.0], "train_accuracy": [0.5], "val_accuracy": [0.4]})
    yield vis.show_filters(np.arange(36.0).reshape(2, 2, 3, 3), title="滤波器")


def test_labels_are_chinese_and_every_character_has_a_glyph(caplog):
    language.use("zh")
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, "matplotlib"):
        warnings.simplefilter("error")  # Matplotlib warns of a character that it draws as a box
        for fig in draw():
            fig.canvas.draw()
    assert caplog.messages == []
    shown = [word for fig in draw() for word in words(fig)]
    for label in ("步长 3：不合法", "损失", "准确率", "滤波器 1 … 0"):
        assert label in shown
    assert not {"Loss", "Accuracy", "nothing left over"} & {*shown}


def test_what_is_read_out_is_chinese_too():
    language.use("zh")
    fig = next(draw())
    assert alt_text(fig).startswith("大小为 3 的滤波器")
    assert alt_text(fig).endswith("。")


def test_english_pictures_are_left_alone():
    language.use("en")
    fig = next(draw())
    assert "stride 3: illegal" in words(fig)
    assert mpl.rcParams["font.family"] == ["sans-serif"]


def test_without_a_font_words_stand_below_the_picture_by_number(monkeypatch, capsys):
    monkeypatch.setattr(fonts, "find", lambda language: None)
    language.use("zh")
    assert "没有找到中文字体" in capsys.readouterr().out
    fig = next(draw())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = as_html(fig)
    assert not any("\u4e00" <= c <= "\u9fff" for word in words(fig) for c in word)
    assert "<li>① " in html
    assert "步长 3：不合法" in html


def test_a_font_that_lacks_the_characters_is_not_taken(monkeypatch):
    only = [font for font in fonts.font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    assert only
    monkeypatch.setattr(fonts.font_manager.fontManager, "ttflist", only)
    monkeypatch.setattr(fonts, "PACKAGES", {"zh": ()})
    assert fonts.find("zh") is None
    assert fonts.find("en") == "DejaVu Sans"


def test_lines_of_a_caption_are_broken_between_characters_and_before_no_sign():
    lines = language.wrapped("越亮，到达的路径越多。扩张率大于 1 又全都相同，就会留下空洞。", 20)
    assert all(language.width(line) <= 22 for line in lines)
    assert not any(line[0] in "，。：；！？）”" for line in lines)
    assert "".join(lines).replace(" ", "") == (
        "越亮，到达的路径越多。扩张率大于1又全都相同，就会留下空洞。"
    )
    assert language.wrapped("one two three", 7) == ["one two", "three"]
