// A hub on Go and gorilla/websocket, the usual way: a reader and a writer goroutine a connection, a prepared
// message (encoded and framed once) through each connection's channel, nothing kept.
package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const queueMax = 1024

type room struct {
	mutex   sync.Mutex
	name    string
	seq     int64
	members map[*member]struct{}
}

type member struct {
	socket *websocket.Conn
	queue  chan *websocket.PreparedMessage
	id     string
	user   string
}

type frame struct {
	Content string `json:"content"`
}

type event struct {
	Type      string `json:"type"`
	Seq       int64  `json:"seq"`
	MessageID int64  `json:"message_id"`
	RoomID    string `json:"room_id"`
	Room      string `json:"room"`
	Kind      string `json:"kind"`
	UserID    string `json:"user_id"`
	From      string `json:"from"`
	Content   string `json:"content"`
	Timestamp string `json:"timestamp"`
}

var (
	roomsMutex sync.Mutex
	rooms      = map[string]*room{}
	upgrader   = websocket.Upgrader{
		ReadBufferSize:  1024,
		WriteBufferSize: 1024,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true },
	}
)

func findRoom(name string) *room {
	roomsMutex.Lock()
	defer roomsMutex.Unlock()
	found, ok := rooms[name]
	if !ok {
		found = &room{name: name, members: map[*member]struct{}{}}
		rooms[name] = found
	}
	return found
}

func (r *room) enter(m *member) int64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.members[m] = struct{}{}
	return r.seq
}

func (r *room) leave(m *member) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, ok := r.members[m]; ok {
		delete(r.members, m)
		close(m.queue)
	}
}

// A member whose queue is full is dropped, as hubs of this kind do.
func (r *room) publish(from *member, content string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.seq++
	text, err := json.Marshal(event{
		"message", r.seq, r.seq, r.name, r.name, "room", from.id, from.user, content,
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
	})
	if err != nil {
		return
	}
	prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		return
	}
	for m := range r.members {
		select {
		case m.queue <- prepared:
		default:
			delete(r.members, m)
			close(m.queue)
		}
	}
}

func (m *member) write() {
	defer m.socket.Close()
	for prepared := range m.queue {
		if m.socket.WritePreparedMessage(prepared) != nil {
			return
		}
	}
}

func (m *member) read(r *room) {
	defer m.socket.Close()
	defer r.leave(m)
	for {
		_, text, err := m.socket.ReadMessage()
		if err != nil {
			return
		}
		var said frame
		if json.Unmarshal(text, &said) == nil {
			r.publish(m, said.Content)
		}
	}
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func serve(w http.ResponseWriter, request *http.Request) {
	socket, err := upgrader.Upgrade(w, request, nil)
	if err != nil {
		return
	}
	query := request.URL.Query()
	joined := findRoom(query.Get("room"))
	m := &member{socket: socket, queue: make(chan *websocket.PreparedMessage, queueMax), id: newID(), user: query.Get("user")}
	head := joined.enter(m)
	text, _ := json.Marshal(map[string]any{"type": "joined", "room_id": joined.name, "head": head})
	prepared, _ := websocket.NewPreparedMessage(websocket.TextMessage, text)
	m.queue <- prepared
	go m.write()
	go m.read(joined)
}

func main() {
	http.HandleFunc("/ws", serve)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("{\"event\":\"listening\",\"url\":\"http://%s\"}\n", listener.Addr())
	panic(http.Serve(listener, nil))
}
