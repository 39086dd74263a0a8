"""What a server sees of ferry and of Python's requests, for the same requests: compare_with_requests.py CLIENT

CLIENT is the program of client.cpp. Both make the requests of CASES to a server in here, which records method, target,
fields and body. Differences have to be in KNOWN, with the reason; what is there and no longer differs is wrong too.
With --table, what both sent is printed as a table. Needs the requests of Debian's python3-requests.
"""
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit

try:
    import requests
    from requests.auth import HTTPDigestAuth
except ImportError:
    print('python3-requests is not installed')
    sys.exit(1 if os.environ.get('FERRY_REQUIRE_SERVERS') == '1' else 77)

UNICODE = '\u00e4\u20ac'

# Name -> requests of one session: method, path, options. `options` are pairs as client.cpp reads them.
CASES = {}
for status in (301, 302, 303, 307, 308):
    for method in ('GET', 'HEAD'):
        CASES[f'{status} {method}'] = [(method, f'/go?status={status}&to=/final', [])]
    for method in ('POST', 'PUT'):
        CASES[f'{status} {method}'] = [(method, f'/go?status={status}&to=/final', [('text', 'payload')])]
        CASES[f'{status} {method} of a form'] = [(method, f'/go?status={status}&to=/final', [('form', 'a=b')])]
    CASES[f'{status} POST without a body'] = [('POST', f'/go?status={status}&to=/final', [])]
    CASES[f'{status} away, with secrets'] = [
        ('GET', f'/go?status={status}&to=away', [('basic', 'me=secret'), ('header', 'X-Kept=yes')])]
CASES.update({
    'redirect to a relative path': [('GET', '/a/b/go?status=302&to=../c/./d?x=y', [])],
    'redirect and back': [('GET', '/go?status=302&to=back', [('basic', 'me=secret')])],
    'redirect that sets a cookie': [('GET', '/go?status=302&to=/final&set=a=1', [])],
    'redirect with a cookie of the request': [('GET', '/go?status=302&to=/final', [('cookie', 'own=1')])],
    'redirect with a Cookie field': [('GET', '/go?status=302&to=/final', [('header', 'Cookie=own=1')])],
    'cookies of a jar': [('GET', '/?set=a=1&set=b=2', []), ('GET', '/', [])],
    'cookies by path': [('GET', '/x/?set=a=1;Path=/x&set=b=2;Path=/y&set=c=3', []), ('GET', '/x/', []), ('GET', '/y', []),
                        ('GET', '/xy', [])],
    'a cookie that is deleted': [('GET', '/?set=a=1&set=b=2', []), ('GET', '/?set=a=;Max-Age=0', []), ('GET', '/', [])],
    'a cookie that is replaced': [('GET', '/?set=a=1', []), ('GET', '/?set=a=2', []), ('GET', '/', [])],
    'a cookie of another host': [('GET', '/?set=a=1;Domain=example.com', []), ('GET', '/', [])],
    'a cookie for https': [('GET', '/?set=a=1;Secure', []), ('GET', '/', [])],
    'cookies with odd values': [('GET', '/?set=a="q r"&set=b=x=y&set=c=', []), ('GET', '/', [])],
    'cookies of the jar and of the request': [('GET', '/?set=a=1', []), ('GET', '/', [('cookie', 'b=2')]), ('GET', '/', [])],
    'a cookie of the request that the jar has too': [('GET', '/?set=a=1', []), ('GET', '/', [('cookie', 'a=2')])],
    'Basic': [('GET', '/', [('basic', 'me=secret')])],
    'Basic with an empty password': [('GET', '/', [('basic', 'me=')])],
    'Basic in Unicode': [('GET', '/', [('basic', f'me=\u00e4')])],
    'userinfo': [('GET', 'userinfo:/', [])],
    'Digest': [('GET', '/digest', [('digest', 'me=secret')]), ('GET', '/digest?again', [('digest', 'me=secret')])],
    'Digest with SHA-256': [('GET', '/digest?algorithm=SHA-256', [('digest', 'me=secret')])],
    'Digest and a body': [('POST', '/digest', [('digest', 'me=secret'), ('text', 'payload')])],
    'Digest with a wrong password': [('GET', '/digest', [('digest', 'me=wrong')])],
    'text': [('POST', '/', [('text', 'payload')])],
    'JSON': [('POST', '/', [('json', '{"a": [1, null]}')])],
    'a form': [('POST', '/', [('form', 'a=1 & 2'), ('form', 'a=3'), ('form', f'{UNICODE}=+/='), ('form', 'safe=-._~')])],
    'a form with asterisks': [('POST', '/', [('form', 'a=*')])],
    'chunks': [('POST', '/', [('chunks', 'payload')])],
    'no body': [(m, '/', []) for m in ('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')],
    'parameters': [('GET', '/?a=b', [('param', 'c=d&e'), ('param', f'{UNICODE}=/?'), ('param', 'c=2')])],
    'parameters with spaces': [('GET', '/', [('param', 'a=b c')])],
    'a path with odd characters': [('GET', f'/a b/{UNICODE}/%7e/%2F/x%', [])],
    'a fragment': [('GET', '/a#f', [])],
    'multipart': [('POST', '/', [('field', 'a=1'), ('field', f'b={UNICODE}'), ('file', 'f|a.txt|content|text/plain')])],
    '307 POST of a multipart': [('POST', '/go?status=307&to=/final', [('file', 'f|a.txt|content|text/plain')])],
    'multipart with odd names': [('POST', '/', [('field', 'a"b=1'), ('field', f'{UNICODE}=2'),
                                                ('file', f'f|{UNICODE}".txt|x|text/plain')])],
    'a multipart file without a type': [('POST', '/', [('file', 'f|a.txt|content|')])],
})

# Fields that are never compared.
ALWAYS = {
    'user-agent': 'each names itself',
    'accept-encoding': 'each names what it can decode',
    'connection': 'requests says keep-alive, which HTTP/1.1 means without a word (RFC 9112 9.3)',
}

# (pattern of cases, pattern of what differs) -> reason
KNOWN = {
    (r'301 PUT.*', r'2\. (body|field content-.*)'):
        'at 301 requests keeps PUT and drops its body; ferry keeps both (RFC 9110 15.4.2)',
    (r'302 PUT.*', r'2\. (method|body|field content-.*)'):
        'at 302 requests makes a GET of PUT; ferry of POST alone, which is all that RFC 9110 15.4.3 speaks of',
    (r'redirect with a Cookie field', r'2\. field cookie'):
        "requests drops a caller's Cookie field at each redirect; ferry where it leads to another origin",
    (r'cookies of the jar and of the request', r'2\. field cookie'):
        "ferry sends the request's own cookies first; RFC 6265 5.4 orders those of a jar only",
    (r'a cookie of the request that the jar has too', r'2\. field cookie'):
        'the same: both send both',
    (r'Basic in Unicode', r'1\. field authorization'):
        'requests writes Latin-1, ferry UTF-8 (RFC 7617 2.1)',
    (r'a form', r'1\. (body|field content-length)'):
        'ferry escapes ~ in forms, as the URL standard and browsers have it',
    (r'a form with asterisks', r'1\. (body|field content-length)'):
        'ferry leaves * in forms, as the URL standard and browsers have it',
    (r'no body', r'[67]\. field content-length'):
        'requests says Content-Length: 0 also with DELETE and OPTIONS, where no body is expected (RFC 9110 8.6)',
    (r'parameters with spaces', r'1\. target'):
        'a space in a query is + to requests and %20 to ferry: + means a space in forms only (RFC 3986)',
    (r'a path with odd characters', r'1\. target'):
        'where one % begins no escape, requests encodes every % again; ferry that one',
    (r'a multipart file without a type', r'1\. (body|field content-length)'):
        'ferry says application/octet-stream of a file of unknown type, as the HTML standard has it',
}


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    wbufsize = -1  # head and body in one piece, or each waits for the other's acknowledgement
    seen = []

    def log_message(self, *_):
        pass

    def do(self):
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        body = self.read_body()
        fields = [(name.lower(), value) for name, value in self.headers.items()]
        Recorder.seen.append(Sent(self.server.origin, self.command, self.path, fields, body))
        fields = [('Set-Cookie', value) for value in query.get('set', [])]
        status = 200
        if 'to' in query:
            status = int(query['status'][0])
            fields.append(('Location', self.location(query['to'][0])))
        if self.path.startswith('/digest') and not self.headers.get('Authorization'):
            status = 401
            algorithm = query.get('algorithm', ['MD5'])[0]
            fields.append(('WWW-Authenticate', f'Digest realm="r", nonce="n", qop="auth", algorithm={algorithm}'))
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header('Content-Length', '5')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(b'seen\n')

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do

    def location(self, to):
        ports = {origin: server.server_address[1] for origin, server in SERVERS.items()}
        there = f'http://127.0.0.1:{ports["away"]}'
        named = {'away': f'{there}/final', 'back': f'{there}/go?status=302&to=home', 'home': url_of('/final')}
        return named.get(to, to)

    def read_body(self):
        if self.headers.get('Transfer-Encoding') != 'chunked':
            return self.rfile.read(int(self.headers.get('Content-Length', 0)))
        body = b''
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class Sent:
    """A request, in a form in which what is random does not differ."""

    def __init__(self, origin, method, target, fields, body):
        self.lines = {'origin': origin, 'method': method, 'target': target, 'body': body.decode('latin-1')}
        for name, value in fields:
            key = f'field {name}'
            self.lines[key] = f'{self.lines[key]}\n{value}' if key in self.lines else value
        self.lines['field host'] = 'its own'
        boundary = re.search('boundary="?([^"]*)', self.lines.get('field content-type', ''))
        if boundary:
            length = int(self.lines['field content-length']) - self.lines['body'].count(boundary[1]) * len(boundary[1])
            self.lines['field content-length'] = f'{length} and the boundaries'
            for key in ('field content-type', 'body'):
                self.lines[key] = self.lines[key].replace(boundary[1], 'BOUNDARY')
        if self.lines.get('field authorization', '').startswith('Digest '):
            self.lines['field authorization'] = judged(self.lines['field authorization'], method)


def judged(authorization, method):
    values = {k: v.strip('"') for k, v in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', authorization)}
    hashed = {'MD5': hashlib.md5, 'SHA-256': hashlib.sha256}[values.get('algorithm', 'MD5')]

    def digest(*parts):
        return hashed(':'.join(parts).encode()).hexdigest()
    right = digest(digest('me', 'r', 'secret'), 'n', values['nc'], values['cnonce'], 'auth', digest(method, values['uri']))
    values['response'] = 'right' if values['response'] == right else 'wrong'
    values['cnonce'] = 'random'
    return 'Digest ' + ', '.join(f'{k}={v}' for k, v in sorted(values.items()))


def url_of(path):
    user = ''
    if path.startswith('userinfo:'):
        user, path = 'me:se%40cret@', path[9:]
    return f'http://{user}127.0.0.1:{SERVERS["home"].server_address[1]}{path}'


def ask_requests(case):
    session, digest = requests.Session(), HTTPDigestAuth('', '')
    session.trust_env = False
    for method, path, options in case:
        o = {'data': None, 'files': [], 'headers': {}, 'cookies': {}, 'params': []}
        fields = any(kind in ('field', 'file') for kind, _ in options)
        for kind, value in options:
            name, _, text = value.partition('=')
            if kind == 'text':
                o['data'] = value
            elif kind == 'json':
                o['json'] = json.loads(value)
            elif kind == 'chunks':
                o['data'] = iter([value.encode()])
            elif kind == 'form' or kind == 'field':
                o['data'] = (o['data'] or []) + [(name, text)]
            elif kind == 'file':
                name, file_name, content, content_type = value.split('|')
                o['files'].append((name, (file_name, content, content_type) if content_type else (file_name, content)))
            elif kind == 'header':
                o['headers'][name] = text
            elif kind == 'cookie':
                o['cookies'][name] = text
            elif kind == 'param':
                o['params'].append((name, text))
            elif kind == 'basic':
                o['auth'] = (name, text)
            elif kind == 'digest':
                digest.username, digest.password = name, text
                o['auth'] = digest
        if fields and not o['files']:
            raise ValueError('without a file, requests sends no multipart')
        session.request(method, url_of(path), allow_redirects=True, **o)


def ask_ferry(client, case):
    lines = ['new'] + ['\t'.join([method, url_of(path)] + ['='.join(o) for o in options]) for method, path, options in case]
    for line in lines:
        client.stdin.write(line + '\n')
        client.stdin.flush()
        said = client.stdout.readline().strip()
        if said != 'done':
            raise RuntimeError(f'ferry: {said}')


def recorded(ask, *args):
    Recorder.seen = []
    ask(*args)
    return [sent.lines for sent in Recorder.seen]


def differences(theirs, ours):
    if len(theirs) != len(ours):
        yield f'requests: {len(theirs)} / {len(ours)}'
    for n, (a, b) in enumerate(zip(theirs, ours), 1):
        for key in sorted(a.keys() | b.keys()):
            if a.get(key) != b.get(key) and key.removeprefix('field ') not in ALWAYS:
                yield f'{n}. {key}: {a.get(key)!r} / {b.get(key)!r}'


def summary(requests_seen):
    return '<br>'.join(f"{one['method']} {one['target']} {one['body'] and '(' + str(len(one['body'])) + ' bytes)'}".strip()
                       for one in requests_seen).replace('|', '%7C')


def main():
    client = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf-8')
    unused, wrong, table = set(KNOWN), 0, '--table' in sys.argv
    if table:
        print('| case | requests | ferry | fields that differ, and why |\n|---|---|---|---|')
    for name, case in CASES.items():
        theirs, ours = recorded(ask_requests, case), recorded(ask_ferry, client, case)
        reasons = []
        for difference in differences(theirs, ours):
            known = [k for k in KNOWN if re.fullmatch(k[0], name) and re.match(k[1] + ':', difference)]
            unused -= set(known)
            reasons += [KNOWN[k] for k in known if KNOWN[k] not in reasons]
            if not known:
                wrong += 1
                print(f'{name}: {difference}')
        if table:
            print(f'| {name} | {summary(theirs)} | {summary(ours)} | {"; ".join(reasons)} |')
    for case, difference in unused:
        print(f'{case}: {difference}: is known, and does not differ')
    client.stdin.close()
    client.wait()
    print(f'{len(CASES)} cases, {wrong} unknown differences (requests / ferry), {len(KNOWN)} known')
    return 1 if wrong or unused else 0


SERVERS = {}
for origin in ('home', 'away'):
    SERVERS[origin] = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Recorder)
    SERVERS[origin].origin = origin
    SERVERS[origin].daemon_threads = True
    threading.Thread(target=SERVERS[origin].serve_forever, daemon=True).start()
sys.exit(main())
