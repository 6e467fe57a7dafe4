//! One MQTT session over a stream: from CONNECT to DISCONNECT. The codec keeps packet
//! identifiers and says when to ping; here are the stream, the clock and the waiting.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{Event, TimerKind};
use mqtt_protocol_core::mqtt::packet::{GenericPacketTrait as _, Packet, Qos};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use mqtt_protocol_core::mqtt::{Connection, Version, role};
use playhouse_plugin::net::{Connection as Stream, ErrorKind};
use playhouse_plugin::secret::{self, SecretError};
use playhouse_plugin::{DeliveryError, DeliveryFailure};

use crate::answer::{judge, of_stream, reason_of_return_code};
use crate::packet::{Limits, Message, connect_packet, disconnect_packet, publish_packet};
use crate::settings::Config;

/// How long the broker may take to answer anything.
const ANSWER: Duration = Duration::from_secs(10);
/// How long the last bytes may take when a session ends.
const GOODBYE: Duration = Duration::from_secs(2);
/// Messages on their way at once.
const WINDOW: usize = 64;
/// Bytes kept back before they are written.
const FULL: usize = 256 << 10;

/// An open session. Dropping it leaves it to the broker to notice, and to send the will.
pub(crate) struct Session {
    stream: Stream,
    mqtt: Connection<role::Client>,
    version: Version,
    out: Vec<u8>,
    /// Packets that wait for the broker's word, oldest first, and the word once it is there.
    unanswered: VecDeque<(u16, Option<u8>)>,
    connack: Option<u8>,
    limits: Limits,
    ping_at: Option<Instant>,
    pong_by: Option<Instant>,
    is_usable: bool,
}

impl Session {
    /// Connects and logs in.
    pub(crate) fn open(config: &Config) -> Result<Self, DeliveryError> {
        let mut connect = Stream::to(&config.address).timeout(ANSWER);
        connect.identity.clone_from(&config.identity);
        let password = password(config)?;
        let stream = connect.open().map_err(of_stream)?;
        let mut mqtt = Connection::new(config.version);
        mqtt.set_auto_pub_response(true);
        mqtt.set_pingresp_recv_timeout(ANSWER.as_millis().try_into().unwrap_or(u64::MAX));
        let mut session = Self {
            stream,
            mqtt,
            version: config.version,
            out: Vec::new(),
            unanswered: VecDeque::new(),
            connack: None,
            limits: Limits::default(),
            ping_at: None,
            pong_by: None,
            is_usable: true,
        };
        let connect = connect_packet(config, password.as_deref()).map_err(|error| {
            DeliveryError::stopped(format!("the settings do not fit into a CONNECT: {error}"))
        })?;
        let events = session.mqtt.send(connect);
        session.act(events)?;
        session.flush()?;
        let deadline = Instant::now() + ANSWER;
        while session.connack.is_none() {
            session.receive_until(deadline)?;
        }
        let code = session.connack.unwrap_or_default();
        judge("refuses the connection", code).map_err(|error| match error {
            // What it does not accept is the will, and not an event.
            DeliveryError::Rejected(reason) => DeliveryError::Stopped(reason),
            other => other,
        })?;
        session.limits.check(config)?;
        Ok(session)
    }

    /// Publishes in order. With a quality of service above 0 a message counts once the
    /// broker has answered for it.
    pub(crate) fn publish(
        &mut self,
        config: &Config,
        messages: &[Message<'_>],
    ) -> Result<(), DeliveryFailure> {
        let mut accepted = 0;
        self.unanswered.clear();
        let published = self.publish_counted(config, messages, &mut accepted);
        published.map_err(|error| DeliveryFailure { accepted, error })
    }

    fn publish_counted(
        &mut self,
        config: &Config,
        messages: &[Message<'_>],
        accepted: &mut usize,
    ) -> Result<(), DeliveryError> {
        // A broker that is gone is noticed here rather than after the first bytes.
        self.receive(Duration::ZERO)?;
        let mut next = 0;
        while *accepted < messages.len() {
            let mut refused = None;
            while next < messages.len() && self.has_room() {
                match self.queue(config, &messages[next]) {
                    Ok(()) => next += 1,
                    Err(error) => {
                        refused = Some(error);
                        break;
                    }
                }
            }
            self.flush()?;
            if config.qos == Qos::AtMostOnce {
                *accepted = next;
            } else {
                let deadline = Instant::now() + ANSWER;
                while matches!(self.unanswered.front(), Some((_, None))) {
                    self.receive_until(deadline)?;
                }
                while let Some(&(_, Some(code))) = self.unanswered.front() {
                    judge("does not take a message", code)?;
                    self.unanswered.pop_front();
                    *accepted += 1;
                }
            }
            if let Some(error) = refused
                && *accepted == next
            {
                return Err(error);
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        let vacancy = self.mqtt.get_receive_maximum_vacancy_for_send();
        self.unanswered.len() < WINDOW && self.out.len() < FULL && vacancy != Some(0)
    }

    /// Puts one message into the buffer. An error is about this message alone.
    fn queue(&mut self, config: &Config, message: &Message<'_>) -> Result<(), DeliveryError> {
        let id =
            match config.qos {
                Qos::AtMostOnce => None,
                _ => Some(self.mqtt.acquire_packet_id().map_err(|error| {
                    DeliveryError::retry(format!("no message has room: {error}"))
                })?),
            };
        let packet = publish_packet(config, message, id).and_then(|packet| {
            let is_small = self.limits.packet.is_none_or(|max| packet.size() <= max as usize);
            is_small.then_some(packet).ok_or(MqttError::PacketTooLarge)
        });
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => {
                if let Some(id) = id {
                    self.mqtt.release_packet_id(id);
                }
                return Err(match error {
                    MqttError::PacketTooLarge => DeliveryError::rejected(format!(
                        "the broker takes {} bytes a packet, and this one has more",
                        self.limits.packet.unwrap_or_default()
                    )),
                    error => DeliveryError::rejected(format!("it cannot be published: {error}")),
                });
            }
        };
        let events = self.mqtt.send(packet);
        self.act(events)?;
        self.unanswered.extend(id.map(|id| (id, None)));
        Ok(())
    }

    /// Pings if it is time to and takes what the broker has sent meanwhile.
    pub(crate) fn keep_alive(&mut self) -> Result<(), DeliveryError> {
        self.receive(Duration::ZERO)?;
        self.look_at_clock()?;
        self.flush()
    }

    /// When [`Session::keep_alive`] has something to do.
    pub(crate) fn next_timer(&self) -> Instant {
        let far = Instant::now() + ANSWER;
        self.ping_at.into_iter().chain(self.pong_by).fold(far, Instant::min)
    }

    /// Whether it can go on after an error.
    pub(crate) fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// Says goodbye, and waits until the broker has taken everything.
    pub(crate) fn close(mut self) -> Result<(), String> {
        let disconnect = disconnect_packet(self.version).map_err(|error| error.to_string())?;
        for event in self.mqtt.send(disconnect) {
            if let Event::RequestSendPacket { packet, .. } = event {
                self.out.extend(packet.to_continuous_buffer());
            }
        }
        let failed = |error: playhouse_plugin::net::Error| error.message;
        self.stream.write(&self.out, GOODBYE).map_err(failed)?;
        self.stream.finish().map_err(failed)?;
        let end = Instant::now() + GOODBYE;
        while let left @ 1.. = end.saturating_duration_since(Instant::now()).as_millis() {
            let left = Duration::from_millis(left.try_into().unwrap_or(u64::MAX));
            if self.stream.read(1024, left).is_ok_and(|bytes| bytes.is_empty()) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Waits for the next bytes, and pings meanwhile.
    fn receive_until(&mut self, deadline: Instant) -> Result<(), DeliveryError> {
        loop {
            let now = Instant::now();
            if now >= deadline {
                self.is_usable = false;
                return Err(DeliveryError::retry(format!(
                    "the broker has not answered for {} s",
                    ANSWER.as_secs()
                )));
            }
            let until = deadline.min(self.next_timer());
            if self.receive(until.saturating_duration_since(now))? {
                return Ok(());
            }
            self.look_at_clock()?;
            self.flush()?;
        }
    }

    /// Takes what comes within `wait`; whether anything did.
    fn receive(&mut self, wait: Duration) -> Result<bool, DeliveryError> {
        let bytes = match self.stream.read(FULL, wait) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == ErrorKind::TimedOut => return Ok(false),
            Err(error) => {
                self.is_usable = false;
                return Err(of_stream(error));
            }
        };
        if bytes.is_empty() {
            self.is_usable = false;
            return Err(DeliveryError::retry("the broker ended the connection"));
        }
        let mut cursor = Cursor::new(&bytes[..]);
        while cursor.position() < bytes.len() as u64 {
            let events = self.mqtt.recv(&mut cursor);
            self.act(events)?;
        }
        self.flush()?;
        Ok(true)
    }

    fn look_at_clock(&mut self) -> Result<(), DeliveryError> {
        let now = Instant::now();
        if self.pong_by.is_some_and(|pong_by| pong_by <= now) {
            self.is_usable = false;
            return Err(DeliveryError::retry("the broker does not answer a ping"));
        }
        if self.ping_at.is_some_and(|ping_at| ping_at <= now) {
            self.ping_at = None;
            let events = self.mqtt.notify_timer_fired(TimerKind::PingreqSend);
            self.act(events)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DeliveryError> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = self.stream.write(&self.out, ANSWER);
        self.out.clear();
        written.map_err(|error| {
            self.is_usable = false;
            of_stream(error)
        })
    }

    /// Does what the codec asks for.
    fn act(&mut self, events: Vec<Event>) -> Result<(), DeliveryError> {
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => {
                    self.out.extend(packet.to_continuous_buffer());
                }
                Event::NotifyPacketReceived(packet) => self.take(&packet)?,
                Event::RequestTimerReset { kind, duration_ms } => {
                    *self.timer(kind) = Some(Instant::now() + Duration::from_millis(duration_ms));
                }
                Event::RequestTimerCancel(kind) => *self.timer(kind) = None,
                Event::NotifyError(error) => {
                    self.is_usable = false;
                    return Err(DeliveryError::retry(format!(
                        "the broker and we do not understand each other: {error}"
                    )));
                }
                Event::RequestClose => self.is_usable = false,
                Event::NotifyPacketIdReleased(_) => {}
            }
        }
        Ok(())
    }

    fn timer(&mut self, kind: TimerKind) -> &mut Option<Instant> {
        match kind {
            TimerKind::PingrespRecv => &mut self.pong_by,
            _ => &mut self.ping_at,
        }
    }

    fn take(&mut self, packet: &Packet) -> Result<(), DeliveryError> {
        let (id, code) = match packet {
            Packet::V3_1_1Connack(connack) => {
                self.connack = Some(reason_of_return_code(connack.return_code() as u8));
                return Ok(());
            }
            Packet::V5_0Connack(connack) => {
                self.connack = Some(connack.reason_code() as u8);
                for property in &connack.props {
                    self.limits.learn(property);
                }
                return Ok(());
            }
            Packet::V5_0Disconnect(disconnect) => {
                self.is_usable = false;
                let code = disconnect.reason_code().map_or(0, |code| code as u8);
                judge("ended the connection", code)?;
                return Err(DeliveryError::retry("the broker ended the connection"));
            }
            Packet::V3_1_1Puback(ack) => (ack.packet_id(), 0),
            Packet::V3_1_1Pubcomp(ack) => (ack.packet_id(), 0),
            Packet::V5_0Puback(ack) => {
                (ack.packet_id(), ack.reason_code().map_or(0, |code| code as u8))
            }
            Packet::V5_0Pubrec(ack) => match ack.reason_code().map_or(0, |code| code as u8) {
                0x80.. => (ack.packet_id(), ack.reason_code().map_or(0, |code| code as u8)),
                _ => return Ok(()),
            },
            Packet::V5_0Pubcomp(ack) => {
                (ack.packet_id(), ack.reason_code().map_or(0, |code| code as u8))
            }
            _ => return Ok(()),
        };
        if let Some((_, answer)) = self.unanswered.iter_mut().find(|(known, _)| *known == id) {
            *answer = Some(code);
        }
        Ok(())
    }
}

/// The setting, else the secret. A user may have none.
fn password(config: &Config) -> Result<Option<String>, DeliveryError> {
    if config.username.is_none() || config.password.is_some() {
        return Ok(config.password.clone());
    }
    match secret::get("password") {
        Ok(password) => Ok(Some(password)),
        Err(SecretError::Denied(_)) => Ok(None),
        Err(SecretError::Missing(message)) => Err(DeliveryError::Stopped(message)),
    }
}
