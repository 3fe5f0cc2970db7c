"""The ways to pay."""

from typing import Literal, get_args

PaymentMethod = Literal["cash", "card", "mobile", "transfer", "other"]
PAYMENT_METHODS: tuple[PaymentMethod, ...] = get_args(PaymentMethod)
