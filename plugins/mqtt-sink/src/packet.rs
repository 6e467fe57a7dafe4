//! The packets we send, in either version of MQTT, and what the broker limits in them.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::{Packet, Property, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;
use playhouse_plugin::DeliveryError;

use crate::settings::Config;

/// What to publish.
pub(crate) struct Message<'a> {
    pub(crate) topic: String,
    pub(crate) payload: &'a str,
}

/// What the broker said it takes.
#[derive(Default)]
pub(crate) struct Limits {
    pub(crate) packet: Option<u32>,
    qos: Option<u8>,
    no_retain: bool,
}

impl Limits {
    /// Takes a property of its CONNACK.
    pub(crate) fn learn(&mut self, property: &Property) {
        match property {
            Property::MaximumPacketSize(size) => self.packet = Some(size.val()),
            Property::MaximumQos(qos) => self.qos = Some(qos.val()),
            Property::RetainAvailable(available) => self.no_retain = available.val() == 0,
            _ => {}
        }
    }

    /// Whether what the operator asked for can be done there.
    pub(crate) fn check(&self, config: &Config) -> Result<(), DeliveryError> {
        if let Some(max) = self.qos
            && config.qos as u8 > max
        {
            return Err(DeliveryError::stopped(format!(
                "the broker takes `qos` up to {max}; write that"
            )));
        }
        if self.no_retain && config.retain {
            return Err(DeliveryError::stopped("the broker retains nothing; leave out `retain`"));
        }
        Ok(())
    }
}

/// One of either version's builders is filled with the same.
macro_rules! connect {
    ($version:ident, $config:ident, $password:ident) => {{
        let mut builder = $version::Connect::builder()
            .client_id($config.client_id.as_str())?
            .clean_start(true)
            .keep_alive($config.keepalive);
        if let Some(will) = &$config.will {
            let payload = will.payload.as_str();
            builder = builder.will_message(will.topic.as_str(), payload, will.qos, will.retain)?;
        }
        if let Some(username) = &$config.username {
            builder = builder.user_name(username.as_str())?;
            if let Some(password) = $password {
                builder = builder.password(password)?;
            }
        }
        builder.build()?.into()
    }};
}

pub(crate) fn connect_packet(config: &Config, password: Option<&str>) -> Result<Packet, MqttError> {
    Ok(match config.version {
        Version::V5_0 => connect!(v5_0, config, password),
        _ => connect!(v3_1_1, config, password),
    })
}

macro_rules! publish {
    ($version:ident, $config:ident, $message:ident, $id:ident) => {{
        let mut builder = $version::Publish::builder()
            .topic_name($message.topic.as_str())?
            .qos($config.qos)
            .retain($config.retain)
            .payload($message.payload.as_bytes());
        if let Some(id) = $id {
            builder = builder.packet_id(id);
        }
        builder.build()?.into()
    }};
}

pub(crate) fn publish_packet(
    config: &Config,
    message: &Message<'_>,
    id: Option<u16>,
) -> Result<Packet, MqttError> {
    Ok(match config.version {
        Version::V5_0 => publish!(v5_0, config, message, id),
        _ => publish!(v3_1_1, config, message, id),
    })
}

pub(crate) fn disconnect_packet(version: Version) -> Result<Packet, MqttError> {
    Ok(match version {
        Version::V5_0 => v5_0::Disconnect::builder().build()?.into(),
        _ => v3_1_1::Disconnect::builder().build()?.into(),
    })
}
