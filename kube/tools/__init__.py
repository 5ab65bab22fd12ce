"""The walk through a cluster: shown by `make kube-demo`, tested by `make kube-test`."""
