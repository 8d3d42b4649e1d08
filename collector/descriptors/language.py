"""A guess at the language of a text, light enough for a sidecar.

A trained identifier takes 76 MB (py3langid) or more of memory, half of what a sidecar may use. This takes
the dominant script where it is that of one language, and otherwise counts function words. That is enough
to see traffic shift from one language to another; it is no judgement on a single short text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from collector.descriptors.characters import SCRIPTS
from collector.descriptors.tokens import Segmented, segment

UNDETERMINED = "und"
KANA_OF_JAPANESE = 0.1

_OF_SCRIPT: Mapping[str, str] = {
    "Hangul": "ko",
    "Bopomofo": "zh",
    "Greek": "el",
    "Armenian": "hy",
    "Georgian": "ka",
    "Hebrew": "he",
    "Bengali": "bn",
    "Gurmukhi": "pa",
    "Gujarati": "gu",
    "Oriya": "or",
    "Tamil": "ta",
    "Telugu": "te",
    "Kannada": "kn",
    "Malayalam": "ml",
    "Sinhala": "si",
    "Thai": "th",
    "Lao": "lo",
    "Tibetan": "bo",
    "Myanmar": "my",
    "Khmer": "km",
}

_FUNCTION_WORDS: Mapping[str, Mapping[str, str]] = {
    "Latin": {
        "en": "the a and of to is in that it for you was with on as are this be have not at by from or an "
        "they we can will my your what do there if would been which how has were all please i i'm don't me",
        "de": "der die und das ist nicht ich zu den mit ein eine auf für sie es dem von im sich auch wie "
        "als an wir aber noch nach bei oder aus wenn nur einen mir kann haben wird sind war bitte mich",
        "fr": "le la les de des et est un une du que qui en pour dans je vous il elle ne pas sur au avec "
        "ce se plus mon ma nous sont mais ou aux cette être votre j'ai c'est d'un d'une qu'il comment",
        "es": "el la los las a de y que en un una es por con no para su se del al lo como más pero mi me ya "
        "este esta si porque cuando muy sin sobre también hay qué está son fue puedo quiero usted cómo",
        "it": "il la le gli a di e che un una è per non con del della in sono mi ma si lo anche come questo "
        "più nel alla ho ha io se perché da dei delle al essere quando cosa molto dal sul c'è",
        "pt": "o a os as de e que em um uma é para com não por do da no na se mais como mas ao dos das meu "
        "minha eu você está foi são muito isso ele ela também já quando à pelo pela tem estou",
        "nl": "de het een en van ik is dat niet te in op voor met zijn er maar je aan om ook naar dit die "
        "mijn als bij nog wat kan heb deze worden wordt uit hoe geen hij u wel over door waar",
        "sv": "och att det som en är för på av med den till jag inte om ett har de men var så kan ska från "
        "vi du mig eller när hur också efter bara över min här vad detta skulle finns",
        "pl": "i w na z się nie że do jest to jak o co ale po od za dla tak mi mnie czy ja przez już tylko "
        "jego był być są ten oraz które który może bardzo przed pod moje jestem proszę",
        "tr": "ve bir bu da de için ile çok ne gibi daha var mı mi değil ama ben o en kadar olarak sonra "
        "olan her şey nasıl benim bana yok ki ya veya şu nedir lütfen istiyorum olduğu",
        "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada ke adalah saya ada bisa atau "
        "juga oleh kami anda karena sudah sebagai apa mereka lebih kita tersebut bagaimana hanya telah",
        "vi": "và của là có không được cho trong một các với này người những để tôi đã khi đó như về thì "
        "làm bạn mà ở ra nhưng rất cũng từ đến phải gì nào đang sẽ vào",
    },
    "Cyrillic": {
        "ru": "и в не на я что с он как это а по но из у за все так же от для мы вы бы то есть мне она "
        "если только был меня или его еще ещё когда уже нет очень чтобы они быть",
        "uk": "і в не на я що з він як це а по але із у за все так же від для ми ви б та є мені вона якщо "
        "тільки був мене або його ще коли вже ні дуже щоб вони бути й до цей",
        "bg": "и в не на аз че с той как това а по но от за всички така да съм ние вие си се е са ми тя ако "
        "само беше или му още когато вече много бъде те ще към при",
    },
    "Arabic": {
        "ar": "في من على إلى أن هذا هذه التي الذي لا ما عن مع كان كل أو هو هي ذلك لم بين قد بعد إن ثم أنا "
        "كيف لي قبل حتى عند هل غير",
        "fa": "و در به از که این را با است برای آن یک خود تا بر هم نیز می شود کرد شده من ما شما باید هر اگر "
        "چه بود دارد های",
        "ur": "اور کے کی میں ہے کا سے کو نے پر یہ ہیں کہ اس بھی نہیں ایک ہو وہ تھا کر ہوں میرا آپ ہم کیا تو",
    },
    "Devanagari": {
        "hi": "है के में की को से का और यह नहीं हैं पर एक भी कि मैं हो था ने तो कर मुझे आप क्या लिए वह इस",
        "mr": "आहे आणि मध्ये हे या च्या ला नाही मी तो ती आहेत एक पण होते केला असे त्या काय मला साठी",
        "ne": "छ र को मा लाई हो यो पनि गर्न छन् एक ले भने गरेको म के हुन् तथा भएको",
    },
}
LANGUAGES: tuple[str, ...] = tuple(code for words in _FUNCTION_WORDS.values() for code in words)
"""Languages that are told by their function words (ISO 639-1)."""


def guess_languages(
    segmented: Segmented, letters: NDArray[np.int64], dominant: NDArray[np.int64]
) -> list[str]:
    """Language of each text as an ISO 639-1 code, ``und`` where there is no telling.

    A script that is used by (nearly) one language names it. A text in Han and Kana is Japanese if at
    least a tenth of these letters are Kana, else Chinese. In Latin, Cyrillic, Arabic and Devanagari the
    language with most function words wins, a word that several share counting in equal parts; no such
    word, or a tie, is ``und``.

    Not told: languages outside the lists (Norwegian may pass for Swedish, Catalan for Spanish, Malay for
    Indonesian), kinds of Chinese, Japanese without Kana, romanised text, and most texts of a word or two.

    Parameters
    ----------
    letters
        ``(n, len(SCRIPTS))`` letters of each script.
    dominant
        ``(n,)`` index of the script with most letters; any where a text has none.
    """
    votes = _votes(segmented)
    best = votes.argmax(axis=1) if len(votes) else np.zeros(0, dtype=np.int64)
    top = np.sort(votes, axis=1)[:, -2:]
    # A shared word adds the same share to each of its languages, up to rounding.
    decided = top[:, 1] - top[:, 0] > 1e-9
    of_best = np.where(decided & (_script_of_language()[best] == dominant), best, -1)
    kana, han = letters[:, SCRIPTS.index("Kana")], letters[:, SCRIPTS.index("Han")]
    japanese = (kana > 0) & (kana >= KANA_OF_JAPANESE * (kana + han))
    some = letters.sum(axis=1) > 0
    found = []
    for script, language, in_kana, any_letter in zip(
        dominant.tolist(), of_best.tolist(), japanese.tolist(), some.tolist(), strict=True
    ):
        name = SCRIPTS[script] if any_letter else ""
        if name in ("Han", "Kana"):
            found.append("ja" if in_kana else "zh")
        elif language >= 0 and any_letter:
            found.append(LANGUAGES[language])
        else:
            found.append(_OF_SCRIPT.get(name, UNDETERMINED))
    return found


def _votes(segmented: Segmented) -> NDArray[np.float64]:
    """``(n, len(LANGUAGES))`` function words of each language in each text."""
    words, weights = _function_words()
    place = np.minimum(np.searchsorted(words, segmented.hashes), len(words) - 1)
    hit = words[place] == segmented.hashes
    rows, cast = segmented.row_of_token[hit], weights[place[hit]]
    votes = np.zeros((segmented.rows, len(LANGUAGES)))
    if len(rows):
        first = np.flatnonzero(np.diff(rows, prepend=-1))  # tokens lie in the order of the texts
        votes[rows[first]] = np.add.reduceat(cast, first, axis=0)
    return votes


@cache
def _function_words() -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """Sorted hashes of all function words, and the vote of each for each language."""
    lists: Sequence[str] = [text for words in _FUNCTION_WORDS.values() for text in words.values()]
    segmented = segment(lists)
    words, index = np.unique(segmented.hashes, return_inverse=True)
    weights = np.zeros((len(words), len(lists)))
    weights[index, segmented.row_of_token] = 1.0
    return words, weights / weights.sum(axis=1, keepdims=True)


@cache
def _script_of_language() -> NDArray[np.int64]:
    return np.array([SCRIPTS.index(script) for script, words in _FUNCTION_WORDS.items() for _ in words])
