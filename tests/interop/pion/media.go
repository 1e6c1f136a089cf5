package main

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

const (
	frameTime = time.Second / 15
	opusTime  = 20 * time.Millisecond
)

// samples gives the encoded units of a file again and again.
type samples func() ([]byte, error)

// loop opens a file anew whenever it has ended.
func loop(path string, open func(io.Reader) (samples, error)) samples {
	var file *os.File
	var next samples
	return func() ([]byte, error) {
		if next != nil {
			unit, err := next()
			if !errors.Is(err, io.EOF) {
				return unit, err
			}
			file.Close()
		}
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, err
		}
		if next, err = open(file); err != nil {
			return nil, err
		}
		return next()
	}
}

func vp8(reader io.Reader) (samples, error) {
	ivf, _, err := ivfreader.NewWith(reader)
	return func() ([]byte, error) {
		frame, _, err := ivf.ParseNextFrame()
		return frame, err
	}, err
}

// h264 gives one access unit at a time: parameter sets together with the picture after them.
func h264(reader io.Reader) (samples, error) {
	stream, err := h264reader.NewReader(reader)
	return func() ([]byte, error) {
		var unit []byte
		for {
			nal, err := stream.NextNAL()
			if err != nil {
				return nil, err
			}
			unit = append(append(unit, 0, 0, 0, 1), nal.Data...)
			if t := nal.UnitType; t == h264reader.NalUnitTypeCodedSliceIdr ||
				t == h264reader.NalUnitTypeCodedSliceNonIdr {
				return unit, nil
			}
		}
	}, err
}

func opus(reader io.Reader) (samples, error) {
	ogg, _, err := oggreader.NewWith(reader)
	first := true
	return func() ([]byte, error) {
		page, _, err := ogg.ParseNextPage()
		if first && err == nil { // The tags come before the sound.
			first = false
			page, _, err = ogg.ParseNextPage()
		}
		return page, err
	}, err
}

// play writes units to a track at their pace until done is closed.
func play(to *track, next samples, pace time.Duration, done chan struct{}) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return nil
		case <-ticker.C:
		}
		unit, err := next()
		if err != nil {
			return err
		}
		if err := to.WriteSample(media.Sample{Data: unit, Duration: pace}); err != nil {
			return err
		}
	}
}
