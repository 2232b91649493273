"""A real browser without a window: opens a file and answers a question in JavaScript. Qt WebEngine is Chromium.

It runs under the system's own Python, whose package brings it (python3-pyqt5.qtwebengine on Debian and Ubuntu alike).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "python3-pyqt5.qtwebengine"
PATIENCE_S: Final = 60
_PAGE: Final = """
import sys
from PyQt5.QtCore import QUrl
from PyQt5.QtWidgets import QApplication
from PyQt5.QtWebEngineWidgets import QWebEnginePage

def answered(answer):
    print(answer)
    app.quit()

app = QApplication(sys.argv[:1])
page = QWebEnginePage()
page.loadFinished.connect(lambda ok: page.runJavaScript(sys.argv[2], answered))
page.load(QUrl.fromLocalFile(sys.argv[1]))
app.exec_()
"""


def ask(file: Path, script: str) -> Any:
    """What the expression `script` is in the page of `file`, once that is loaded: anything JSON can say.

    Raises CalledProcessError where there is no browser, TimeoutExpired when it does not answer.
    """
    done = subprocess.run(
        ["/usr/bin/python3", "-c", _PAGE, str(file.resolve()), f"JSON.stringify({script})"],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"},
        stdout=subprocess.PIPE,
        timeout=PATIENCE_S,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)
