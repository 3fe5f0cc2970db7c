"""Amounts and words in the cells of files, as people and spreadsheets write them in many languages and scripts."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache
from typing import TypeVar

from babel.core import get_global

from kinso.models.money import check_amount
from kinso.models.payment_methods import PAYMENT_METHODS, PaymentMethod
from kinso.models.transfer.cells import ascii_digits, shortened

_BETWEEN_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f\u2009'’](?=\d{3}(?!\d))")
_POINT_AMOUNT = re.compile(r"(\d+|[1-9]\d{0,2}(,\d{3})+|[1-9]\d?(,\d{2})*,\d{3})(\.\d+)?")
"""1250.5, 1,250.50 and, as in South Asia, 1,25,000.50."""
_COMMA_AMOUNT = re.compile(r"(\d+|[1-9]\d{0,2}(\.\d{3})+)(,\d+)?")
_THOUSANDS_OR_THREE_DECIMALS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_SIGNS = str.maketrans({"−": "-", "﹣": "-", "－": "-", "‐": "-", "–": "-", "٫": ".", "٬": ",", "．": ".", "，": ","})
_WITH_CURRENCY = re.compile(r"(?P<before>[^\d(,-]*)(?P<number>\d(?:.*\d)?)(?P<after>[^\d)]*)", re.DOTALL)
_SIGNS_OF_LETTERS = """
    tk taka rs re inr kr zł kč ft lei fr rp rm руб р грн лв din дин km br sh ksh tsh ush dh dhs sr qr kd bd r টাকা रु रू
    円 元 원 د.إ د.ك ر.س ر.ق ج.م usd eur euro euros gbp chf bdt jpy
"""
_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
"""What programs write, and most of what a file of a million rows has."""
_WORDS = frozenset(_SIGNS_OF_LETTERS.split())
"""Codes such as USD are known beside these."""
_LONGEST_PREFIX = 3
"""Of letters before a sign, as in US$."""
_AFTER_ROUND_AMOUNTS = ("/-", "/=", "-/", ",-", ".-", ",–", ".–", ",--")
_NOT_AN_AMOUNT = "“{}” is not a plain number; write it like 1250.50"
_TWO_READINGS = "“{}” can be read in two ways; write it like 1250.50"


def read_amount(text: str, delimiter: str) -> Decimal:
    """An amount as people write it, with the sign of a currency or without.

    What could be thousands as well as three decimals is refused, but for 1,250 between quotes in a file whose columns
    are separated by commas.
    """
    return check_amount(read_number(text, delimiter))


def read_number(text: str, delimiter: str) -> Decimal:
    """A number as `read_amount` reads it, which may be negative: -5, $-5, (5.00)."""
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    number, is_negative = _bare(text)
    if _THOUSANDS_OR_THREE_DECIMALS.fullmatch(number) and not ("," in number and delimiter == ","):
        raise ValueError(_TWO_READINGS.format(shortened(text)))
    plain = Decimal(_with_point(number, text))
    return -plain if is_negative else plain


def _with_point(number: str, text: str) -> str:
    if _POINT_AMOUNT.fullmatch(number):
        return number.replace(",", "")
    if _COMMA_AMOUNT.fullmatch(number):
        return number.replace(".", "").replace(",", ".")
    raise ValueError(_NOT_AN_AMOUNT.format(shortened(text)))


def _bare(text: str) -> tuple[str, bool]:
    """The digits with their marks, and whether a minus sign or, as in accounts, brackets stood around them."""
    written = ascii_digits(text.translate(_SIGNS)).strip()
    for ending in _AFTER_ROUND_AMOUNTS:
        written = written.removesuffix(ending).rstrip()
    in_brackets = written.startswith("(") and written.endswith(")")
    inner = written[1:-1].strip() if in_brackets else written
    minus = inner.count("-")
    found = _WITH_CURRENCY.fullmatch(_without_minus(inner)) if minus <= 1 else None
    if not found or not all(_is_currency(found[side]) for side in ("before", "after")):
        raise ValueError(_NOT_AN_AMOUNT.format(shortened(text)))
    return _BETWEEN_THOUSANDS.sub("", found["number"]), in_brackets != bool(minus)


def _without_minus(text: str) -> str:
    """Without the minus sign where one may stand: at the start, after the currency, or at the end."""
    if text.startswith("-") or text.endswith("-"):
        return text.strip("-").strip()
    head, minus, tail = text.partition("-")
    return head + tail if minus and _is_currency(head) else text


def _is_currency(text: str) -> bool:
    """Whether this is a currency or nothing at all; a point belongs to it only after a letter, as in Rs."""
    sign = text.strip()
    if sign.endswith("."):
        sign = sign.removesuffix(".")
        if not sign[-1:].isalpha():
            return False
    if not sign or sign.casefold() in _WORDS or sign in _codes():
        return True
    letters = "".join(each for each in sign if unicodedata.category(each) != "Sc")
    return len(letters) == len(sign) - 1 and len(letters) <= _LONGEST_PREFIX and (not letters or letters.isalpha())


@cache
def _codes() -> frozenset[str]:
    return frozenset(get_global("all_currencies"))


Meaning = TypeVar("Meaning")


def bare_word(text: str) -> str:
    """Only letters with their marks, and digits, in lower case: what several words come to when written as one."""
    folded = unicodedata.normalize("NFKC", ascii_digits(text)).casefold()
    return "".join(each for each in folded if unicodedata.category(each)[0] in "LMN")


def _meaning(words: str, meaning: Meaning) -> dict[str, Meaning]:
    return dict.fromkeys(map(bare_word, words.split()), meaning)


_FLAGS: dict[str, bool] = {
    **_meaning(
        """
        true yes y 1 on x member wahr ja j mitglied oui vrai membre sí si verdadero miembro socio sì vero sim verdadeiro
        waar sand sant sann kyllä tosi tak prawda ano áno pravda igen igaz da adevărat evet doğru ναι αληθής да истина
        так হ্যাঁ হাঁ হ্যা জি সত্য সদস্য हाँ हां जी सत्य ہاں جی نعم صحيح بله כן ใช่ ya có 是 真 はい 예 네
        """,
        True,
    ),
    **_meaning(
        """
        false no n 0 off nonmember notamember falsch nein keinmitglied non faux falso não nao nee onwaar nej nei falsk
        falskt usann ei epätosi nie fałsz ne nepravda nem hamis nu fals hayır yanlış όχι ψευδής нет ложь ні не
        না মিথ্যা नहीं नही असत्य نہیں لا خطأ خیر לא ไม่ ไม่ใช่ tidak không 否 假 いいえ 아니요
        """,
        False,
    ),
}
_PAYMENTS: dict[str, PaymentMethod] = {
    **_meaning(
        """
        visa visadebit visacredit visaelectron mastercard mastercarddebit mastercardcredit maestro amex americanexpress
        discover diners dinersclub jcb unionpay rupay mir elo interac dankort bancontact vpay credit debit creditcard
        debitcard bankcard contactless ec eckarte girocard karte kreditkarte bankkarte carte cartebancaire cartebleue cb
        tarjeta tarjetadecrédito tarjetadedébito carta cartadicredito bancomat cartão cartãodecrédito pin kort karta
        kártya kart kredikartı карта картой কার্ড कार्ड بطاقة 卡 カード 카드
        """,
        "card",
    ),
    **_meaning(
        """
        bar bargeld barzahlung cashpayment espèces especes comptant efectivo contado contanti contant dinheiro kontant
        gotówka hotovost készpénz numerar nakit наличные готівка নগদ नकद नगद نقد نقدا نقداً 现金 現金 현금 tunai coins
        """,
        "cash",
    ),
    **_meaning(
        """
        mobilepayment mobilemoney mobilewallet wallet phone applepay googlepay gpay samsungpay bkash nagad rocket upay
        mpesa airtelmoney mtn momo paytm phonepe upi gcash grabpay gopay alipay wechat wechatpay twint swish vipps
        mobilepay bizum blik pix easypaisa jazzcash বিকাশ রকেট মোবাইল
        """,
        "mobile",
    ),
    **_meaning(
        """
        banktransfer bank wire wiretransfer sepa ach directdebit überweisung lastschrift virement transferencia
        transferenciabancaria bonifico transferência overschrijving överföring przelew havale eft перевод neft rtgs imps
        """,
        "transfer",
    ),
    **_meaning(
        """
        cheque check voucher giftcard giftvoucher coupon storecredit paypal klarna gutschein scheck chèque bon vale
        sonstige autre otro otros altro outro invoice account crypto bitcoin mixed split unknown misc
        """,
        "other",
    ),
    **{method: method for method in PAYMENT_METHODS},
}


def read_flag(text: str) -> bool:
    """Membership as people write it, in any letter case."""
    word = bare_word(text)
    if word not in _FLAGS:
        raise ValueError(f"“{shortened(text)}” is not understood; write true or false, yes or no, 1 or 0")
    return _FLAGS[word]


def read_payment_method(text: str) -> PaymentMethod:
    """How it was paid: one of our words, a brand, or a word of another language; the digits of a card do not matter."""
    word = bare_word(text)
    method = _PAYMENTS.get(word) or _PAYMENTS.get(word.strip("0123456789x"))
    if method is None:
        raise ValueError(f"“{shortened(text)}” is not understood; write {', '.join(PAYMENT_METHODS)} or nothing")
    return method
