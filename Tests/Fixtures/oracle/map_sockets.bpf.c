// Maps of sockets.
#include "common.h"
MAP(by_index, BPF_MAP_TYPE_SOCKMAP, __u32, __u64, 4, );
MAP(by_hash, BPF_MAP_TYPE_SOCKHASH, __u64, __u32, 4, );
MAP(xdp_sockets, BPF_MAP_TYPE_XSKMAP, __u32, __u32, 4, );
MAP(listeners, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, __u32, __u64, 4, );
USES(uses, &by_index, &by_hash, &xdp_sockets, &listeners)
