// rtnetlink, as far as links (interfaces), their XDP programs and their BPF filters go.
#pragma once
#include <stdint.h>

enum {
  CBPF_AF_INET = 2,
  CBPF_AF_NETLINK = 16,
  CBPF_NETLINK_ROUTE = 0,
  CBPF_SOL_NETLINK = 270,
  CBPF_NETLINK_EXT_ACK = 11,
  CBPF_NLMSG_ERROR = 2,
  CBPF_NLMSG_DONE = 3,
  CBPF_NLM_F_REQUEST = 0x001,
  CBPF_NLM_F_MULTI = 0x002,
  CBPF_NLM_F_ACK = 0x004,
  CBPF_NLM_F_ACK_TLVS = 0x200,
  CBPF_NLM_F_CAPPED = 0x100,
  CBPF_NLM_F_DUMP = 0x300,
  CBPF_NLM_F_REPLACE = 0x100,
  CBPF_NLM_F_EXCL = 0x200,
  CBPF_NLM_F_CREATE = 0x400,
  CBPF_NLM_F_DUMP_INTR = 0x010,
  CBPF_NLMSGERR_ATTR_MSG = 1,
  CBPF_RTM_NEWLINK = 16,
  CBPF_RTM_GETLINK = 18,
  CBPF_RTM_SETLINK = 19,
  CBPF_RTM_NEWQDISC = 36,
  CBPF_RTM_NEWTFILTER = 44,
  CBPF_RTM_DELTFILTER = 45,
  CBPF_RTM_GETTFILTER = 46,
  CBPF_IFLA_IFNAME = 3,
  CBPF_IFLA_LINK = 5,
  CBPF_IFLA_MASTER = 10,
  CBPF_IFLA_LINKINFO = 18,
  CBPF_IFLA_GROUP = 27,
  CBPF_IFLA_INFO_KIND = 1,
  CBPF_IFLA_XDP = 43,
  CBPF_IFLA_XDP_FD = 1,
  CBPF_IFLA_XDP_ATTACHED = 2,
  CBPF_IFLA_XDP_FLAGS = 3,
  CBPF_IFLA_XDP_PROG_ID = 4,
  CBPF_IFLA_XDP_DRV_PROG_ID = 5,
  CBPF_IFLA_XDP_SKB_PROG_ID = 6,
  CBPF_IFLA_XDP_HW_PROG_ID = 7,
  CBPF_IFLA_XDP_EXPECTED_FD = 8,
  CBPF_TCA_KIND = 1,
  CBPF_TCA_OPTIONS = 2,
  CBPF_TCA_BPF_FD = 6,
  CBPF_TCA_BPF_NAME = 7,
  CBPF_TCA_BPF_FLAGS = 8,
  CBPF_TCA_BPF_ID = 11,
  CBPF_NLA_F_NESTED = 1 << 15,
  CBPF_NLA_TYPE_MASK = 0x3fff,
};

struct cbpf_netlink_header {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
};

struct cbpf_interface_header {
  uint8_t family, padding;
  uint16_t type;
  int32_t index;
  uint32_t flags, change;
};

// struct tcmsg
struct cbpf_traffic_header {
  uint8_t family, padding;
  uint16_t more_padding;
  int32_t index;
  uint32_t handle, parent, info;
};

// Parents of filters (TC_H_CLSACT with TC_H_MIN_INGRESS and TC_H_MIN_EGRESS), and the qdisc's own.
#define CBPF_TC_CLSACT 0xfffffff1u
#define CBPF_TC_INGRESS 0xfffffff2u
#define CBPF_TC_EGRESS 0xfffffff3u
#define CBPF_TC_CLSACT_HANDLE 0xffff0000u

struct cbpf_netlink_address {
  uint16_t family, padding;
  uint32_t port, groups;
};
