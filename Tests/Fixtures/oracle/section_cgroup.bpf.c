// Sections of cgroups.
#include "common.h"
#define P(name, section) SEC(section) int name(void *context) { return 1; }
P(in, "cgroup_skb/ingress") P(out, "cgroup_skb/egress") P(skb, "cgroup/skb")
P(create, "cgroup/sock_create") P(release, "cgroup/sock_release") P(sock, "cgroup/sock")
P(post4, "cgroup/post_bind4") P(post6, "cgroup/post_bind6")
P(bind4, "cgroup/bind4") P(bind6, "cgroup/bind6")
P(connect4, "cgroup/connect4") P(connect6, "cgroup/connect6")
P(send4, "cgroup/sendmsg4") P(send6, "cgroup/sendmsg6")
P(receive4, "cgroup/recvmsg4") P(receive6, "cgroup/recvmsg6")
P(peer4, "cgroup/getpeername4") P(peer6, "cgroup/getpeername6")
P(own4, "cgroup/getsockname4") P(own6, "cgroup/getsockname6")
P(sysctl, "cgroup/sysctl") P(dev, "cgroup/dev")
P(get, "cgroup/getsockopt") P(set, "cgroup/setsockopt")
