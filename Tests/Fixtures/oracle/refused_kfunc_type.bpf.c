// refused: another type than the object declares | this kernel has no function bpf_rcu_read_lock
#include "common.h"
extern int bpf_rcu_read_lock(struct __sk_buff *, int) __ksym;
SEC("tc") int calls(struct __sk_buff *skb) { return bpf_rcu_read_lock(skb, 1); }
