import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;

/** Serves one in-memory store on two ports of the loopback address: plain, and over TLS. */
public final class Launcher {
    private static final String HOST = "127.0.0.1";

    /** What it announces: drivers of today refuse the protocol of the versions that the library knows by itself. */
    private static final MongoVersion VERSION = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    };

    private Launcher() {}

    /** Takes the plain port, the port for TLS, the certificate and its key. */
    public static void main(String[] arguments) throws Exception {
        MongoBackend backend = new MemoryBackend().version(VERSION);
        MongoServer plain = new MongoServer(backend);
        MongoServer safe = new MongoServer(backend);
        safe.enableSsl(key(arguments[3]), null, certificate(arguments[2]));
        // The plain one answers last, so that both are there by then.
        safe.bind(HOST, Integer.parseInt(arguments[1]));
        plain.bind(HOST, Integer.parseInt(arguments[0]));
    }

    private static X509Certificate certificate(String file) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(file));
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    }

    private static PrivateKey key(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----", "");
        byte[] bytes = Base64.getMimeDecoder().decode(text);
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(bytes));
    }
}
