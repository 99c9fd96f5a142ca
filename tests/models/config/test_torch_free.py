"""The config loads no torch: the API imports it."""

import subprocess
import sys


def test_the_config_is_used_without_torch():
    program = (
        "import sys\n"
        "from models.config import config_schema, parse_request\n"
        "parse_request({'dataset': 'd', 'target': 't'})\n"
        "config_schema()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
