//! Whose private key signed a handshake: by keys on elliptic curves as the DTLS library checks them, and
//! by RSA, which many telephones' certificates are of. It knows no handshakes.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, UnparsedPublicKey,
};
use dimpl::crypto::aws_lc_rs::default_provider;
use dimpl::crypto::{HashAlgorithm, SignatureAlgorithm, SignatureVerifier};
use dimpl::{CryptoError, CryptoOperation};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::ObjectIdentifier;

use crate::request::amended;

/// rsaEncryption (RFC 8017 appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(crate) static VERIFIER: Verifier = Verifier;

/// Checks signatures against the key of a certificate. Who the key belongs to is the fingerprint's
/// matter.
#[derive(Debug)]
pub(crate) struct Verifier;

impl SignatureVerifier for Verifier {
    fn verify_signature(
        &self,
        certificate: &[u8],
        data: &[u8],
        signature: &[u8],
        hash: HashAlgorithm,
        algorithm: SignatureAlgorithm,
    ) -> Result<(), CryptoError> {
        // A telephone signs what it was asked for as it was asked.
        let data = &amended(data);
        if algorithm != SignatureAlgorithm::RSA {
            let known = default_provider().signature_verification;
            return known.verify_signature(certificate, data, signature, hash, algorithm);
        }
        // RFC 5246 §7.4.1.4.1: RSASSA-PKCS1-v1_5. Keys of less than 2048 bits are refused.
        let scheme = match hash {
            HashAlgorithm::SHA256 => &RSA_PKCS1_2048_8192_SHA256,
            HashAlgorithm::SHA384 => &RSA_PKCS1_2048_8192_SHA384,
            _ => return Err(CryptoError::UnsupportedSignaturePair { signature: algorithm, hash }),
        };
        let parsed = Certificate::from_der(certificate);
        let certificate = parsed.map_err(|_| CryptoError::CertificateParseFailed)?;
        let info = certificate.tbs_certificate().subject_public_key_info();
        if info.algorithm.oid != RSA {
            return Err(CryptoError::UnsupportedPublicKeyAlgorithm);
        }
        let key = info.subject_public_key.as_bytes();
        let key = key.ok_or(CryptoError::InvalidSubjectPublicKey)?;
        let verified = UnparsedPublicKey::new(scheme, key).verify(data, signature);
        verified.map_err(|_| CryptoError::OperationFailed(CryptoOperation::VerifySignature))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
    use dimpl::crypto::{Buf, KeyProvider, SigningKey};
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

    use super::*;

    /// A certificate of an RSA key and the key, both in DER.
    pub(crate) fn rsa() -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let certificate = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
        (certificate.der().to_vec(), key.serialize_der())
    }

    /// Lets a handshake be signed by RSA keys.
    #[derive(Debug)]
    pub(crate) struct RsaKeys;

    /// A client of the library picks suites by its own key, whose kind does not matter for them
    /// (RFC 8422 §2): this one says what it is only when it is asked to sign.
    #[derive(Debug)]
    struct RsaKey(RsaKeyPair, AtomicBool);

    impl KeyProvider for RsaKeys {
        fn load_private_key(&self, key: &[u8]) -> Result<Box<dyn SigningKey>, CryptoError> {
            Ok(Box::new(RsaKey(RsaKeyPair::from_pkcs8(key).unwrap(), AtomicBool::new(false))))
        }
    }

    impl SigningKey for RsaKey {
        fn sign(
            &mut self,
            data: &[u8],
            _: HashAlgorithm,
            out: &mut Buf,
        ) -> Result<(), CryptoError> {
            out.extend_from_slice(&sign(&self.0, data));
            Ok(())
        }

        fn algorithm(&self) -> SignatureAlgorithm {
            let is_asked = self.1.load(Ordering::Relaxed);
            if is_asked { SignatureAlgorithm::RSA } else { SignatureAlgorithm::ECDSA }
        }

        fn hash_algorithm(&self) -> HashAlgorithm {
            self.1.store(true, Ordering::Relaxed);
            HashAlgorithm::SHA256
        }

        fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
            &[HashAlgorithm::SHA256]
        }
    }

    fn sign(key: &RsaKeyPair, data: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature).unwrap();
        signature
    }

    #[test]
    fn only_the_key_of_the_certificate_signs() {
        let ((certificate, key), (another, _)) = (rsa(), rsa());
        let key = RsaKeyPair::from_pkcs8(&key).unwrap();
        assert!(key.public_key().as_ref().len() > 256);
        let signature = sign(&key, b"data");
        let check = |certificate: &[u8], data: &[u8], signature: &[u8], hash, algorithm| {
            VERIFIER.verify_signature(certificate, data, signature, hash, algorithm)
        };
        let (sha256, rsa) = (HashAlgorithm::SHA256, SignatureAlgorithm::RSA);
        assert_eq!(check(&certificate, b"data", &signature, sha256, rsa), Ok(()));
        let mut wrong = signature.clone();
        wrong[9] ^= 1;
        assert!(check(&certificate, b"data", &wrong, sha256, rsa).is_err());
        assert!(check(&certificate, b"date", &signature, sha256, rsa).is_err());
        assert!(check(&certificate, b"data", &[], sha256, rsa).is_err());
        assert!(check(&another, b"data", &signature, sha256, rsa).is_err());
        assert!(check(&certificate[1..], b"data", &signature, sha256, rsa).is_err());
        assert!(check(&certificate, b"data", &signature, HashAlgorithm::SHA384, rsa).is_err());
        assert!(check(&certificate, b"data", &signature, HashAlgorithm::SHA1, rsa).is_err());
        let other = SignatureAlgorithm::ECDSA;
        assert!(check(&certificate, b"data", &signature, sha256, other).is_err());
        let elliptic = dimpl::certificate::generate_self_signed_certificate().unwrap();
        assert!(check(&elliptic.certificate, b"data", &signature, sha256, rsa).is_err());
    }
}
