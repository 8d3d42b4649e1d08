"""Text columns against values counted by hand, and the guess at languages against short sentences."""

from __future__ import annotations

import math
import unicodedata
import zlib
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from collector.descriptors.characters import (
    DIGIT,
    FIRST_SCRIPT,
    PUNCTUATION,
    SCRIPTS,
    class_table,
    lower_table,
)
from collector.descriptors.reference import Vocabulary, VocabularyLearner
from collector.descriptors.text import measure_texts
from collector.descriptors.tokens import FIRST_CHARACTERS, segment
from driftline.contracts import DERIVED_COLUMNS


def numbers(name: str, *texts: str | None, vocabulary: Vocabulary | None = None) -> list[float]:
    return [float(value) for value in cast("NDArray[np.float64]", measure_texts(texts, vocabulary)[name])]


def words(name: str, *texts: str | None) -> list[str | None]:
    return cast("list[str | None]", measure_texts(texts)[name])


def learned(*texts: str) -> Vocabulary:
    learner = VocabularyLearner(rows=1)
    learner.add(texts)
    return learner.build()


def test_the_columns_are_those_of_the_contract() -> None:
    found = measure_texts(["a", None])
    assert sorted(found) == sorted(name for name, _ in DERIVED_COLUMNS["text"])
    for name, kind in DERIVED_COLUMNS["text"]:
        assert isinstance(found[name], list) == (kind == "categorical"), name
        missing = list(found[name])[1]
        assert missing is None if kind == "categorical" else math.isnan(cast(float, missing))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \t\n", 0),
        ("Hello, world!", 2),
        ("don’t can't 'quoted'", 3),
        ("1,234.5 and 1. 2", 4),
        ("snake_case mail@host.example", 4),
        ("well-known", 2),
        ("我想取消订单", 6),
        ("東京タワー2024年", 7),  # a number within is one
        ("주문을 취소", 2),
        ("か\u3099き", 2),  # a combining mark belongs to the sign before it
        ("cafe\u0301", 1),
        ("🙂👍🏽 ok ❤\ufe0f", 1),
        ("สวัสดีครับ", 1),
        ("\ud800", 0),
    ],
)
def test_tokens(text: str, tokens: int) -> None:
    assert numbers("tokens", text) == [tokens]


def test_tokens_are_told_apart_without_case() -> None:
    hashes = segment(["Straße STRASSE straße ÉTÉ été Ω ω ab ba a"]).hashes.tolist()
    assert hashes[0] == hashes[2] != hashes[1]
    assert hashes[3] == hashes[4]
    assert hashes[5] == hashes[6]
    assert len(set(hashes)) == 7


def test_a_hash_is_the_same_in_every_release() -> None:
    assert segment(["driftline 监"]).hashes.tolist() == [1815869649, 2745976588]


def test_hashes_of_many_tokens_do_not_collide_more_than_chance() -> None:
    hashes = segment([" ".join(f"w{index}x{index * 7919}" for index in range(500))]).hashes
    many = np.concatenate([segment([f"t{i} {i}z a{i}b"]).hashes for i in range(2000)] + [hashes])
    assert len(np.unique(many)) >= len(many) - 1  # expected collisions: 6500² / 2^33 = 0.005


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello", "Latin"),
        ("Привет", "Cyrillic"),
        ("你好", "Han"),
        ("こんにちは", "Kana"),
        ("안녕", "Hangul"),
        ("مرحبا", "Arabic"),
        ("नमस्ते", "Devanagari"),
        ("ᚠᚢᚦ", "other"),
        ("abвг", "mixed"),
        ("123 !?", "none"),
        ("", "none"),
    ],
)
def test_script(text: str, script: str) -> None:
    assert words("script", text) == [script]


def test_script_entropy_is_in_bits() -> None:
    found = numbers("script_entropy", "abcd", "abвг", "abвг你好안녕", "12")
    assert found[:3] == pytest.approx([0.0, 1.0, 2.0])
    assert math.isnan(found[3])


def test_shares_are_of_all_characters() -> None:
    text = "ab 12, 🙂"
    assert numbers("characters", text) == [8.0]
    assert numbers("digit_share", text, "١٢", "") == pytest.approx([2 / 8, 1.0, math.nan], nan_ok=True)
    assert numbers("punctuation_share", text, "。！") == pytest.approx([1 / 8, 1.0])
    assert numbers("emoji_share", text, "👨‍👩‍👧", "(c) ©®™ 1#") == pytest.approx([1 / 8, 3 / 5, 0.0])


def test_unknown_share_is_of_the_tokens() -> None:
    vocabulary = learned("the quick brown fox", "订单")
    found = numbers("unknown_share", "The lazy fox", "取消订单", "...", vocabulary=vocabulary)
    assert found == pytest.approx([1 / 3, 1 / 2, math.nan], nan_ok=True)
    assert math.isnan(numbers("unknown_share", "the")[0])


def test_repetition_counts_3_grams_within_a_text_only() -> None:
    found = numbers("repetition", "a b c d", "a b c d", "a a a a a", "a b c a b c", "a b")
    # a a a a a: three 3-grams, one distinct; a b c a b c: four, abc twice.
    assert found == pytest.approx([0.0, 0.0, 2 / 3, 1 / 4, math.nan], nan_ok=True)


def test_compression_ratio_is_that_of_deflate() -> None:
    text = "drift " * 500
    deflate = zlib.compressobj(1, zlib.DEFLATED, -13, 5)
    packed = len(deflate.compress(text.encode()) + deflate.flush())
    found = numbers("compression_ratio", text, "", "Hello")
    assert found[0] == pytest.approx(3000 / packed)
    assert found[0] > 50
    assert math.isnan(found[1])
    assert 0.5 < found[2] < 1.0


def test_only_the_first_characters_are_looked_at() -> None:
    text = "a " * (FIRST_CHARACTERS // 2) + "1" * 5000
    assert numbers("characters", text) == [FIRST_CHARACTERS + 5000]
    assert numbers("tokens", text) == [FIRST_CHARACTERS / 2]
    assert numbers("digit_share", text) == [0.0]


def test_many_texts_are_measured_as_one_by_one() -> None:
    texts = [f"text {index} says héllo 你 " * (index % 50) for index in range(400)] + [None, "x" * 200_000]
    together = measure_texts(texts)
    for row in (0, 1, 57, 199, 399, 400, 401):
        alone = measure_texts([texts[row]])
        for name, values in together.items():
            assert str(values[row]) == str(alone[name][0]), name


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I would like to return the shoes that I have bought from you"),
        ("de", "Ich möchte die Schuhe zurückgeben, die ich bei Ihnen gekauft habe"),
        ("fr", "Je voudrais rendre les chaussures que j'ai achetées chez vous"),
        ("es", "Quiero devolver los zapatos que compré en su tienda"),
        ("it", "Vorrei restituire le scarpe che ho comprato nel vostro negozio"),
        ("pt", "Eu quero devolver os sapatos que comprei na sua loja, não servem"),
        ("nl", "Ik wil de schoenen die ik bij jullie heb gekocht graag terugsturen"),
        ("sv", "Jag vill lämna tillbaka skorna som jag har köpt av er"),
        ("pl", "Chcę zwrócić buty, które kupiłem w sklepie, bo nie są dobre"),
        ("tr", "Bu ayakkabıları iade etmek istiyorum, çok küçük ve rahat değil"),
        ("id", "Saya ingin mengembalikan sepatu yang saya beli dari toko ini"),
        ("vi", "Tôi muốn trả lại đôi giày đã mua ở cửa hàng của bạn"),
        ("ru", "Я хочу вернуть обувь, которую купил у вас, потому что она мала"),
        ("uk", "Я хочу повернути взуття, що купив у вас, бо воно мені не підходить і є мале"),
        ("bg", "Искам да върна обувките, които купих от вас, защото са ми малки"),
        ("ar", "أريد إعادة الحذاء الذي اشتريته من متجركم لأنه غير مناسب"),
        ("fa", "می خواهم کفشی را که از شما خریدم پس بدهم"),
        ("ur", "میں وہ جوتے واپس کرنا چاہتا ہوں جو آپ سے خریدے تھے"),
        ("hi", "मुझे वह जूते वापस करने हैं जो मैंने आप से खरीदे थे"),
        ("zh", "我想退回在你们店里买的鞋子"),
        ("ja", "そちらで買った靴を返品したいです"),
        ("ko", "거기서 산 신발을 반품하고 싶습니다"),
        ("el", "Θέλω να επιστρέψω τα παπούτσια"),
        ("th", "ฉันต้องการคืนรองเท้า"),
        ("und", "Xylophon"),
        ("und", "12345"),
        ("und", ""),
    ],
)
def test_language(language: str, text: str) -> None:
    assert words("language", text) == [language]


def test_the_language_is_one_of_the_dominant_script() -> None:
    assert words("language", "отмена заказа клиента: the of and") == ["und"]
    assert words("language", "退回鞋子 the") == ["zh"]


def test_classes_agree_with_the_standard_library() -> None:
    table, lower = class_table(), lower_table()
    for start, end in ((0x20, 0x2000), (0x4E00, 0x4F00), (0x10400, 0x10450)):
        for point in range(start, end):
            sign = chr(point)
            assert (table[point] >= FIRST_SCRIPT) == (unicodedata.category(sign)[0] == "L"), hex(point)
            assert (table[point] == DIGIT) == (unicodedata.category(sign) == "Nd"), hex(point)
            assert (table[point] == PUNCTUATION) == (unicodedata.category(sign)[0] == "P"), hex(point)
            if len(sign.lower()) == 1:
                assert lower[point] == ord(sign.lower())


@pytest.mark.parametrize("name", ["Latin", "Greek", "Cyrillic", "Armenian", "Hebrew", "Thai", "Tamil"])
def test_scripts_agree_with_the_names_of_letters(name: str) -> None:
    table = class_table()
    mine = np.flatnonzero(table == FIRST_SCRIPT + SCRIPTS.index(name)).tolist()
    strangers = [
        point
        for point in mine
        if name.upper() not in unicodedata.name(chr(point))
        and not unicodedata.name(chr(point)).startswith(
            ("MODIFIER", "COPTIC", "MICRO", "FEMININE", "MASCULINE")
        )
    ]
    assert strangers == []
    assert len(mine) > 20
