// Sections of cgroups for Unix sockets.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 1; }
P(connect, "cgroup/connect_unix") P(send, "cgroup/sendmsg_unix") P(receive, "cgroup/recvmsg_unix")
P(peer, "cgroup/getpeername_unix") P(own, "cgroup/getsockname_unix")
