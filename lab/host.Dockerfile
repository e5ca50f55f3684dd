# A host as a cloud image leaves it: systemd, SSH, Python, a login user with sudo. Nothing of ours.
ARG BASE
FROM ${BASE}
ENV container=docker DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends \
      ca-certificates dbus iproute2 openssh-server python3 python3-apt sudo systemd systemd-sysv \
 && apt-get clean \
 && systemctl mask getty.target systemd-udevd.service systemd-networkd-wait-online.service \
 && { id ubuntu || useradd --create-home --shell /bin/bash ubuntu; } \
 && echo 'ubuntu ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ubuntu
# The machine's own package settings (lab/machine_settings.py writes them at run time, they are in no repository).
COPY settings/ /
# The sources of another release are left out. mmdebstrap names its copy of them 0000*.
RUN update-ca-certificates \
 && . /etc/os-release \
 && if [ -d "/srv/apt/$VERSION_CODENAME" ]; then cp -r "/srv/apt/$VERSION_CODENAME/." /etc/apt/; fi \
 && rm -rf /srv/apt /etc/apt/sources.list.d/0000*
# Docker 26 disables IPv6 in its containers, which needs to write below /proc/sys: that is read-only here.
RUN mkdir -p /etc/systemd/system/docker.service.d \
 && printf '%s\n' '[Service]' 'Environment=DOCKER_ALLOW_IPV6_ON_IPV4_INTERFACE=1' >/etc/systemd/system/docker.service.d/lab.conf
STOPSIGNAL SIGRTMIN+3
# On a machine the root file system is a shared mount, without which systemd cannot hand credentials to its units.
CMD ["/bin/sh", "-c", "mount --make-rshared / && exec /sbin/init"]
