package main

// The socket of a subscriber: Pion's own, with kernel time stamps, and the tap before it.

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"golang.org/x/sys/unix"
)

const receiveBuffer = 2 << 20

type tapNet struct {
	*stdnet.Net
	tap *tap
}

func newTapNet(t *tap) (*tapNet, error) {
	standard, err := stdnet.NewNet()
	return &tapNet{standard, t}, err
}

// ListenUDP is what Pion's ICE agent opens its sockets by.
func (n *tapNet) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := net.ListenUDP(network, local)
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		// More than the system's limit needs a privilege; what it allows is taken then.
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
		}
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &tapConn{UDPConn: conn, tap: n.tap, control: make([]byte, 64)}, nil
}

type tapConn struct {
	*net.UDPConn
	tap     *tap
	control []byte
}

// ReadFrom and ReadFromAddrPort are read by one goroutine only, Pion's.
func (c *tapConn) ReadFrom(buffer []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(buffer)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (c *tapConn) ReadFromAddrPort(buffer []byte) (int, netip.AddrPort, error) {
	for {
		n, controls, _, from, err := c.ReadMsgUDPAddrPort(buffer, c.control)
		if err != nil {
			return n, from, err
		}
		if isRTP(buffer[:n]) && !c.tap.take(buffer[:n], arrivedAt(c.control[:controls])) {
			continue
		}
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), nil
	}
}

// isRTP tells RTP from STUN, DTLS and RTCP (RFC 7983 §7, RFC 5761 §4).
func isRTP(packet []byte) bool {
	return len(packet) >= 12 && packet[0]>>6 == 2 && (packet[1] < 192 || packet[1] > 223)
}

// arrivedAt reads the kernel's time stamp (SCM_TIMESTAMPNS), in ns since the Unix epoch.
func arrivedAt(control []byte) int64 {
	messages, err := unix.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range messages {
			stamped := m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS
			if stamped && len(m.Data) >= 16 {
				seconds := int64(binary.NativeEndian.Uint64(m.Data))
				return seconds*1e9 + int64(binary.NativeEndian.Uint64(m.Data[8:]))
			}
		}
	}
	return time.Now().UnixNano()
}
