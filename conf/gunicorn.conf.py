"""
gunicorn's config for the reference service.

The first line is all that another service needs. The rest is this service's own:
its two ports, its schema, and what a read-only root file system asks of gunicorn.
"""

import os

from gunicorn.config import AccessLogFormat

from liveconfig.gunicorn import *  # noqa: F403
from liveconfig.gunicorn import settings
from liveconfig.reference.settings import ServiceSettings

_settings = settings(ServiceSettings.from_environ)

wsgi_app = "liveconfig.reference.wsgi:app"
# gunicorn would put it over what a pod says, which is then ignored without a word.
if not _settings.schema:
    raw_env = ["LIVECONFIG_SCHEMA=liveconfig.reference.config:ServiceConfig"]
proc_name = "liveconfig"

bind = [_settings.address, _settings.admin_address]
# What WEB_CONCURRENCY says is gunicorn's own default.
if not os.environ.get("WEB_CONCURRENCY"):
    workers = 4
# A client that takes its time holds up a thread, and no whole worker.
worker_class = "gthread"
threads = 8

# Workers prove that they live by touching a file: in memory, not on a disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# Nothing here asks where a request came from, so what a proxy says of it is nobody's.
forwarded_allow_ips = ""
# It would want a writable home, and nothing here uses it.
control_socket_disable = True

# Which config answered, at the end of each line of the access log, where one is kept.
access_log_format = AccessLogFormat.default + " version=%({config-version}o)s"
