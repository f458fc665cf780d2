import com.hivemq.embedded.EmbeddedExtension;
import com.hivemq.embedded.EmbeddedHiveMQ;
import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.packets.connect.ConnectPacket;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStartOutput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopInput;
import com.hivemq.extension.sdk.api.parameter.ExtensionStopOutput;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * An embedded HiveMQ, which lets in whoever comes, or one login only: what it takes for that is an extension.
 * Arguments: the folder of the broker and, where there is one, the login as USER:PASS.
 */
final class OpenBroker implements ExtensionMain {
    private final String login;

    private OpenBroker(String login) {
        this.login = login;
    }

    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        EmbeddedExtension extension = EmbeddedExtension.builder()
            .withId("open").withName("open").withVersion("1").withAuthor("Millrace")
            .withExtensionMain(new OpenBroker(arguments.length > 1 ? arguments[1] : null))
            .build();

        EmbeddedHiveMQ.builder()
            .withConfigurationFolder(folder.resolve("conf"))
            .withDataFolder(folder.resolve("data"))
            .withExtensionsFolder(folder.resolve("extensions"))
            .withEmbeddedExtension(extension)
            .build().start().join();
        System.out.println("open for clients");
    }

    private boolean comes(ConnectPacket packet) {
        String password = packet.getPassword().map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString()).orElse("");

        return login == null || login.equals(packet.getUserName().orElse("") + ":" + password);
    }

    @Override
    public void extensionStart(ExtensionStartInput input, ExtensionStartOutput output) {
        SimpleAuthenticator gate = (attempt, verdict) -> {
            if (comes(attempt.getConnectPacket())) {
                verdict.authenticateSuccessfully();
            } else {
                verdict.failAuthentication(ConnackReasonCode.BAD_USER_NAME_OR_PASSWORD, "");
            }
        };

        Services.securityRegistry().setAuthenticatorProvider(ignored -> gate);
    }

    @Override
    public void extensionStop(ExtensionStopInput input, ExtensionStopOutput output) {
    }
}
