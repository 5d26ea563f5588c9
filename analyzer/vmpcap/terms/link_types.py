"""Names of link types, as the registry at tcpdump.org/linktypes.html has them."""

from typing import Final

LINK_TYPE_NAMES: Final = {
    0: "NULL",
    1: "ETHERNET",
    3: "AX25",
    6: "IEEE802_5",
    7: "ARCNET_BSD",
    8: "SLIP",
    9: "PPP",
    10: "FDDI",
    12: "RAW (12)",
    14: "RAW (14)",
    50: "PPP_HDLC",
    51: "PPP_ETHER",
    100: "ATM_RFC1483",
    101: "RAW",
    104: "C_HDLC",
    105: "IEEE802_11",
    107: "FRELAY",
    108: "LOOP",
    113: "LINUX_SLL",
    119: "IEEE802_11_PRISM",
    122: "IP_OVER_FC",
    123: "SUNATM",
    127: "IEEE802_11_RADIOTAP",
    129: "ARCNET_LINUX",
    147: "USER0",
    162: "USER15",
    189: "USB_LINUX",
    192: "PPI",
    195: "IEEE802_15_4_WITHFCS",
    201: "BLUETOOTH_HCI_H4_WITH_PHDR",
    220: "USB_LINUX_MMAPPED",
    228: "IPV4",
    229: "IPV6",
    230: "IEEE802_15_4_NOFCS",
    239: "NFLOG",
    242: "IPOIB",
    247: "INFINIBAND",
    249: "USBPCAP",
    253: "NETLINK",
    258: "PKTAP",
    271: "IPMI_HPM_2",
    274: "ETHERNET_MPACKET",
    276: "LINUX_SLL2",
    281: "DSA_TAG_BRCM",
    282: "DSA_TAG_BRCM_PREPEND",
    284: "DSA_TAG_DSA",
    285: "DSA_TAG_EDSA",
}


def link_type_name(number: int) -> str:
    """
    What is this link type called? Its number where the table has no name for it.

    >>> link_type_name(1), link_type_name(9999)
    ('ETHERNET', 'LINKTYPE 9999')
    """
    return LINK_TYPE_NAMES.get(number, f"LINKTYPE {number}")
