// Go's net/http: one Client, a goroutine for each lane. It speaks as the other clients do: see harness.hpp.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	smallSize = 100
	hugeSize  = 256 << 20
)

// What is asked of a server, and what comes of it.
type run struct {
	client *http.Client
	mode   string
	warm   bool
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "benchmark client:", why)
	os.Exit(1)
}

func number(i int) int {
	if i >= len(os.Args) {
		return 1
	}
	n, err := strconv.Atoi(os.Args[i])
	if err != nil || n < 1 {
		fail("a number is wrong")
	}
	return n
}

func (r *run) exchange(url string) {
	response, err := r.client.Get(url)
	if err != nil {
		fail(err)
	}
	if r.mode == "stream256" {
		drop(response)
		return
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		fail(err)
	}
	if response.StatusCode == 412 && r.warm {
		fail("the TLS handshake was not of the kind that is measured")
	}
	if response.StatusCode != 200 && response.StatusCode != 412 || len(body) != smallSize || body[0] != 'a' {
		fail("the small body is not what was sent")
	}
}

// The letter changes every page, and begins anew every 8 MiB: see payload.hpp.
func drop(response *http.Response) {
	buffer := make([]byte, 64*1024)
	offset := 0
	for {
		n, err := response.Body.Read(buffer)
		if n > 0 && buffer[0] != byte('a'+offset%(8<<20)/4096%26) {
			fail("the streamed body is not what was sent")
		}
		offset += n
		if err == io.EOF {
			break
		}
		if err != nil {
			fail(err)
		}
	}
	response.Body.Close()
	if response.StatusCode != 200 || offset != hugeSize {
		fail("the streamed body has the wrong size")
	}
}

// As many exchanges on each lane as come to it.
func (r *run) exchanges(urls []string, count int) {
	var lanes sync.WaitGroup
	turns := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		turns <- struct{}{}
	}
	close(turns)
	for _, url := range urls {
		lanes.Add(1)
		go func(url string) {
			defer lanes.Done()
			for range turns {
				r.exchange(url)
			}
		}(url)
	}
	lanes.Wait()
}

func used() (user, system float64) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	return float64(usage.Utime.Nano()) / 1e9, float64(usage.Stime.Nano()) / 1e9
}

func secure(transport *http.Transport, resumes bool) {
	roots := x509.NewCertPool()
	file, err := os.ReadFile(os.Getenv("BENCH_ROOTS"))
	if err != nil || !roots.AppendCertsFromPEM(file) {
		fail("BENCH_ROOTS must name the file with the root to trust")
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	if resumes {
		transport.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
}

func main() {
	if len(os.Args) < 4 || len(os.Args) > 6 {
		fail("usage: client URL MODE COUNT [CONCURRENCY [HOSTS]]")
	}
	mode := os.Args[2]
	warmUp, each := 100, smallSize
	switch mode {
	case "get":
	case "handshake-full", "handshake-resumed":
		warmUp = 10
	case "stream256":
		warmUp, each = 0, hugeSize
	default:
		fail("no such mode")
	}
	address, err := url.Parse(os.Args[1])
	if err != nil {
		fail(err)
	}
	count, concurrency, hosts := number(3), number(4), number(5)
	urls := make([]string, concurrency)
	for lane := range urls {
		to := *address
		if hosts > 1 {
			to.Host = fmt.Sprintf("127.0.0.%d:%s", 1+lane%hosts, address.Port())
		}
		urls[lane] = to.String()
	}
	transport := &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency}
	transport.DisableKeepAlives = mode == "handshake-full" || mode == "handshake-resumed"
	if address.Scheme == "https" {
		secure(transport, mode == "handshake-resumed")
	}
	r := &run{client: &http.Client{Transport: transport}, mode: mode}

	if concurrency > 1 && 2*concurrency > warmUp {
		warmUp = 2 * concurrency
	}
	r.exchanges(urls, warmUp)
	r.warm = true
	user, system := used()
	begun := time.Now()
	r.exchanges(urls, count)
	wall := time.Since(begun).Seconds()
	userAfter, systemAfter := used()
	fmt.Printf("requests=%d bytes=%d user=%.6f sys=%.6f wall=%.6f\n", count, count*each, userAfter-user,
		systemAfter-system, wall)
}
