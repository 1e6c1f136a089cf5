package main

// The least server that Pion can be: WHIP in, WHEP out, each packet written on to all. What Go
// servers built on Pion cost, before they do anything else.

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// mostOffer bounds an offer, in bytes.
const mostOffer = 128 << 10

// source is what was published last.
type source struct {
	pc    *webrtc.PeerConnection
	video *webrtc.TrackLocalStaticRTP
	audio *webrtc.TrackLocalStaticRTP
	ssrc  atomic.Uint32 // of the video
}

type relay struct {
	api    *webrtc.API
	mutex  sync.Mutex
	source *source
	peers  map[string]*webrtc.PeerConnection
	next   int
}

// forwarder serves until it is killed.
func forwarder(args []string) error {
	set := flag.NewFlagSet("forwarder", flag.ExitOnError)
	listen := set.String("listen", "127.0.0.1:0", "address of HTTP")
	network := set.String("interface", "lo", "network interface of candidates")
	estimate := set.Bool("feedback", false, "negotiate transport-wide feedback and retransmission")
	_ = set.Parse(args) // exits on errors
	how := onlyReports
	if *estimate {
		how = everything
	}
	engine, err := codecs(how)
	if err != nil {
		return err
	}
	registry := &interceptor.Registry{}
	if err := errors.Join(webrtc.ConfigureNack(engine, registry), webrtc.ConfigureRTCPReports(registry)); err != nil {
		return err
	}
	if *estimate {
		if err := webrtc.ConfigureTWCCHeaderExtensionSender(engine, registry); err != nil {
			return err
		}
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(settings(*network)),
	)
	r := &relay{api: api, peers: map[string]*webrtc.PeerConnection{}}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /whip", func(w http.ResponseWriter, q *http.Request) { r.answer(w, q, r.publish) })
	routes.HandleFunc("POST /whep", func(w http.ResponseWriter, q *http.Request) { r.answer(w, q, r.play) })
	routes.HandleFunc("DELETE /peers/{peer}", r.end)
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("listening http %s\nready\n", listener.Addr())
	return http.Serve(listener, routes)
}

func (r *relay) answer(w http.ResponseWriter, q *http.Request, prepare func(*webrtc.PeerConnection) error) {
	offer, err := io.ReadAll(http.MaxBytesReader(w, q.Body, mostOffer))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	pc, err := r.api.NewPeerConnection(webrtc.Configuration{})
	if err == nil {
		if err = negotiate(pc, string(offer), prepare); err != nil {
			err = errors.Join(err, pc.Close())
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mutex.Lock()
	r.next++
	name := fmt.Sprint(r.next)
	r.peers[name] = pc
	r.mutex.Unlock()
	w.Header().Set("Content-Type", "application/sdp")
	w.Header().Set("Location", "/peers/"+name)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, pc.LocalDescription().SDP)
}

func negotiate(pc *webrtc.PeerConnection, offer string, prepare func(*webrtc.PeerConnection) error) error {
	if err := prepare(pc); err != nil {
		return err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return err
	}
	<-gathered
	return nil
}

func (r *relay) end(w http.ResponseWriter, q *http.Request) {
	r.mutex.Lock()
	pc := r.peers[q.PathValue("peer")]
	delete(r.peers, q.PathValue("peer"))
	r.mutex.Unlock()
	if pc == nil {
		http.NotFound(w, q)
		return
	}
	_ = pc.Close()
}

func (r *relay) publish(pc *webrtc.PeerConnection) (err error) {
	s := &source{pc: pc}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}
	if s.video, err = webrtc.NewTrackLocalStaticRTP(vp8, "video", "load"); err != nil {
		return err
	}
	if s.audio, err = webrtc.NewTrackLocalStaticRTP(opus, "audio", "load"); err != nil {
		return err
	}
	pc.OnTrack(s.forward)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.source = s
	return nil
}

func (s *source) forward(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	out := s.audio
	if track.Kind() == webrtc.RTPCodecTypeVideo {
		out = s.video
		s.ssrc.Store(uint32(track.SSRC()))
	}
	buffer := make([]byte, 1600)
	for {
		n, _, err := track.Read(buffer)
		if err != nil {
			return
		}
		_, _ = out.Write(buffer[:n]) // what one subscriber cannot get concerns no other
	}
}

func (r *relay) play(pc *webrtc.PeerConnection) error {
	r.mutex.Lock()
	s := r.source
	r.mutex.Unlock()
	if s == nil {
		return errors.New("nobody has published")
	}
	for _, track := range []*webrtc.TrackLocalStaticRTP{s.video, s.audio} {
		sender, err := pc.AddTrack(track)
		if err != nil {
			return err
		}
		go s.listen(sender)
	}
	return nil
}

func (s *source) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			if _, wanted := packet.(*rtcp.PictureLossIndication); wanted {
				_ = s.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: s.ssrc.Load()}})
			}
		}
	}
}
