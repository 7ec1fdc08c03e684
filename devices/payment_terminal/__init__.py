"""Unattended payment terminal (金融终端): CodePay/PayCloud ECR Hub over a serial link."""

from devices.payment_terminal.driver import CodePayTerminal

__all__ = ["CodePayTerminal"]
