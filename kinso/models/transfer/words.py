"""Words in the cells of files, as people and spreadsheets write them in many languages.

What cannot be understood raises ValueError with a sentence part that follows the field's name.
"""

from __future__ import annotations

import unicodedata
from typing import TypeVar

from kinso.models.purchases import PAYMENT_METHODS, PaymentMethod
from kinso.models.transfer.cells import ascii_digits, shortened

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
