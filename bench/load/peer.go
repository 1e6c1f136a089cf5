package main

// Pion as a publisher or subscriber of this machine: codecs, candidates, sockets.

import (
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

const (
	extensionMid       = "urn:ietf:params:rtp-hdrext:sdes:mid"
	extensionTransport = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// answers is what a subscriber tells the server about what it receives.
type answers string

const (
	// onlyReports: receiver reports, once a second.
	onlyReports answers = "reports"
	// everything: also transport-wide feedback ten times a second, NACK, and RTX offered.
	everything answers = "all"
)

func codecs(how answers) (*webrtc.MediaEngine, error) {
	engine := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}
	rtx := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}
	opus := webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
	}
	type entry struct {
		codec webrtc.RTPCodecCapability
		pt    webrtc.PayloadType
		kind  webrtc.RTPCodecType
	}
	entries := []entry{{vp8, typeVP8, webrtc.RTPCodecTypeVideo}, {opus, typeOpus, webrtc.RTPCodecTypeAudio}}
	if how == everything {
		entries = append(entries, entry{rtx, typeRTX, webrtc.RTPCodecTypeVideo})
	}
	for _, e := range entries {
		parameters := webrtc.RTPCodecParameters{RTPCodecCapability: e.codec, PayloadType: e.pt}
		if err := engine.RegisterCodec(parameters, e.kind); err != nil {
			return nil, err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		extensions := []string{extensionMid}
		if how == everything {
			engine.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBTransportCC}, kind)
			extensions = append(extensions, extensionTransport)
		}
		for _, uri := range extensions {
			err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind)
			if err != nil {
				return nil, err
			}
		}
	}
	return engine, nil
}

func settings(network string) webrtc.SettingEngine {
	var engine webrtc.SettingEngine
	engine.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	engine.SetIncludeLoopbackCandidate(true)
	if network != "" {
		engine.SetInterfaceFilter(func(name string) bool { return name == network })
	}
	engine.SetHostAcceptanceMinWait(0)
	return engine
}

// newPublisherConnection answers NACK and sends sender reports.
func newPublisherConnection(network string) (*webrtc.PeerConnection, error) {
	engine, err := codecs(onlyReports)
	if err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if err := webrtc.ConfigureNack(engine, registry); err != nil {
		return nil, err
	}
	if err := webrtc.ConfigureRTCPReports(registry); err != nil {
		return nil, err
	}
	return connection(engine, registry, settings(network))
}

// newSubscriberConnection leaves all answers to the tap behind its socket.
func newSubscriberConnection(network string, how answers, t *tap) (*webrtc.PeerConnection, error) {
	engine, err := codecs(how)
	if err != nil {
		return nil, err
	}
	set := settings(network)
	tapped, err := newTapNet(t)
	if err != nil {
		return nil, err
	}
	set.SetNet(tapped)
	return connection(engine, &interceptor.Registry{}, set)
}

func connection(
	engine *webrtc.MediaEngine, registry *interceptor.Registry, set webrtc.SettingEngine,
) (*webrtc.PeerConnection, error) {
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(set),
	)
	return api.NewPeerConnection(webrtc.Configuration{})
}
