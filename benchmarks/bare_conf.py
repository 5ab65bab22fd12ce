"""gunicorn's config for a peer: what the reference service sets, without liveconfig."""

import os

worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
control_socket_disable = True
