"""The payment hosts a merchant talks to: WeChat Pay API v3 and the Alipay gateway, with the phones that pay.

Written from the public API documents of both; keys are generated at start and never leave the bench.
"""
