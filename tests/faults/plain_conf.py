"""gunicorn's config for the plain application: as the reference service's, no hooks."""

import os

wsgi_app = "tests.faults.plain:app"
bind = [
    f"127.0.0.1:{os.environ['PORT']}",
    f"127.0.0.1:{os.environ['LIVECONFIG_ADMIN_PORT']}",
]
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True
