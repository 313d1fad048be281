"""Real browsers against a small app and the example app's console.

Chromium is driven by Playwright, Firefox by puppeteer-core over WebDriver BiDi, WebKitGTK by
selenium. `visitor.py` has what all three do, so that a test runs in each of them.
"""
